"""The one component of the pipeline: text to intents with probabilities.

Rasa reads the annotations of `train` and `process` to check its graph: they must stay.
"""

from typing import Any

import joblib
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.linear_model import LogisticRegression

from ivr_rasa.features import PhraseFeatures, normalise

FILE = "phrase_intents.joblib"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class PhraseIntentClassifier(IntentClassifier, GraphComponent):
    """Logistic regression over `PhraseFeatures`."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults; config.yml has the values in use."""
        return {"inverse_regularization": 20.0, "vector_weight": 1.5, "ranking_length": 5}

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        """An untrained classifier; `load` fills it."""
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._features = PhraseFeatures(config["vector_weight"])
        # Intents with few phrases must not lose against those with many.
        self._regression = LogisticRegression(
            C=config["inverse_regularization"], class_weight="balanced", max_iter=1000
        )

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "PhraseIntentClassifier":
        """Called by Rasa before training."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on all labelled phrases and store the result."""
        phrases = [m for m in training_data.intent_examples if m.get(TEXT) and m.get(INTENT)]
        rows = self._features.fit([m.get(TEXT) for m in phrases])
        self._regression.fit(rows, [m.get(INTENT) for m in phrases])
        with self._storage.write_to(self._resource) as folder:
            joblib.dump((self._features, self._regression), folder / FILE)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "PhraseIntentClassifier":
        """Called by Rasa in the server. The archive is one this machine trained."""
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            classifier._features, classifier._regression = joblib.load(folder / FILE)
        return classifier

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the intent and the ranking to every message that has a text."""
        for message in messages:
            ranking = self._rank(message.get(TEXT) or "")
            message.set("intent", ranking[0] if ranking else None, add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _rank(self, text: str) -> list[dict[str, Any]]:
        if not normalise(text):
            return []
        scores = self._regression.predict_proba(self._features.transform([text]))[0]
        best = scores.argsort()[::-1][: self._config["ranking_length"]]
        return [
            {"name": str(self._regression.classes_[i]), "confidence": float(scores[i])}
            for i in best
        ]
