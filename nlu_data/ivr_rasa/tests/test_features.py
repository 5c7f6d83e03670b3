"""Runs in the Rasa environment: python -m unittest discover nlu_data/ivr_rasa/tests."""

import pickle
import unittest

import numpy as np

from ivr_rasa.features import PhraseFeatures, normalise

TRAINING = ["какой у меня баланс", "сколько денег на счете", "позовите оператора", "оператор"]


class Normalise(unittest.TestCase):
    def test_case_punctuation_and_yo_make_no_difference(self) -> None:
        self.assertEqual(normalise("  Ещё,  РАЗ! "), "еще раз")

    def test_a_run_of_numerals_is_one_word(self) -> None:
        for text in (
            "номер девятьсот три сто двадцать три сорок пять",
            "номер восемь восемьсот",
            "номер 8 903",
        ):
            self.assertEqual(normalise(text), "номер сто")

    def test_words_that_only_look_like_numerals_stay(self) -> None:
        text = "опять семья стоит в один ряд"
        self.assertEqual(normalise(text), text)


class Features(unittest.TestCase):
    def setUp(self) -> None:
        self.features = PhraseFeatures(vector_weight=1.5)
        self.rows = self.features.fit(TRAINING)

    def test_training_and_later_rows_of_a_text_are_the_same(self) -> None:
        again = self.features.transform(TRAINING)
        self.assertTrue(np.allclose(self.rows.toarray(), again.toarray(), atol=1e-5))

    def test_a_stored_copy_gives_the_same_rows_without_storing_the_encoder(self) -> None:
        stored = pickle.dumps(self.features)
        self.assertLess(len(stored), 1_000_000)
        copy = pickle.loads(stored)
        text = ["баланс скажите"]
        expected, found = self.features.transform(text), copy.transform(text)
        self.assertTrue(np.allclose(expected.toarray(), found.toarray(), atol=1e-5))

    def test_texts_without_letters_and_unknown_words_have_rows(self) -> None:
        rows = self.features.transform(["", "!!!", "ыфвапролдж", "x" * 500])
        self.assertEqual(rows.shape, (4, self.rows.shape[1]))
        self.assertTrue(np.isfinite(rows.toarray()).all())


if __name__ == "__main__":
    unittest.main()
