"""L and G as text -> HCLG.fst, in a process of its own: `python -m ivr.asr_build.openfst`.

Never import this beside vosk: both bring OpenFST along, and whichever is loaded second waits for
ever in its registration. The only module that imports kaldifst.
"""

import sys
from pathlib import Path

import kaldifst

from ivr.asr_build.graph import as_text, with_phone_states


def main() -> None:
    """Argv: files with L and G, file to write, number of the first disambiguation symbol."""
    lexicon, grammar, target, first_disambiguation = sys.argv[1:]
    words = kaldifst.compile(Path(lexicon).read_text(encoding="ascii"))
    kaldifst.arcsort(words, sort_type="olabel")
    sentences = kaldifst.compile(Path(grammar).read_text(encoding="ascii"))
    kaldifst.arcsort(sentences, sort_type="ilabel")
    composed = kaldifst.compose(words, sentences)
    kaldifst.determinize_star(composed, use_log=True)
    kaldifst.minimize_encoded(composed)
    # Printing begins with the start, compiling numbers by appearance: the start becomes 0.
    renumbered = kaldifst.compile(composed.to_str(show_weight_one=True))
    arcs, finals = with_phone_states(
        renumbered.to_str(show_weight_one=True), int(first_disambiguation)
    )
    graph = kaldifst.compile(as_text(arcs, finals))
    kaldifst.minimize_encoded(graph)
    kaldifst.arcsort(graph, sort_type="ilabel")
    if not graph.write(target):
        sys.exit(f"{target} cannot be written")
    print(graph.num_states, sum(graph.num_arcs(state) for state in range(graph.num_states)))


if __name__ == "__main__":
    main()
