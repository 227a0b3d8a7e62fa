"""Numbers for CloudWatch, as lines of the log: no call, no permission, and nothing that could fail a sweep."""

import json
import logging
import sys

log = logging.getLogger(__name__)

NAMESPACE = "GpuShopper"


class EmfMetrics:
    """The Metrics port in CloudWatch's embedded metric format, one line on standard output for each number."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment

    def count(self, name: str, value: int, **dimensions: str) -> None:
        from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

        # No service: it would become a dimension, and an alarm sees only what has exactly its own dimensions.
        emf = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")
        emf.add_metric(name, "Count", value)
        for key, text in {**dimensions, "deployment": self._deployment}.items():
            emf.add_dimension(key, text)
        print(json.dumps(emf.serialize_metric_set()), file=sys.stdout, flush=True)


class LoggedMetrics:
    """The Metrics port where no CloudWatch reads along: told to the log of a person who asks for debug."""

    def count(self, name: str, value: int, **dimensions: str) -> None:
        log.debug("metric %s = %d %s", name, value, dimensions)
