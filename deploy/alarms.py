"""The layer that works when the code does not: alarms on what stops happening, and on what must not happen."""

from typing import Any

from chalicelib.notify.metrics import NAMESPACE
from chalicelib.settings import MARKETS
from deploy.names import Json, condition, function_name, get, ref

# An alarm costs ten cents a month for each metric it looks at. A sweep that fails is not asked for its errors: what it
# no longer completes is seen by reconcile (SweepsLate), also where its rule is off, throttled or hanging.
# Reconcile and the janitor have an alarm for their own silence; the API's failures are the gateway's 5xx.


def resources(stage: str) -> Json:
    found: Json = {}
    for market in MARKETS:
        own = [("deployment", stage), ("provider", market)]
        name = market.capitalize()
        found[f"DeadMan{name}"] = _alarm(
            stage, f"reconcile-{market}", f"{market} has not been reconciled for 15 minutes: nobody looks for orphans",
            _metric(NAMESPACE, "ReconcileCompleted", own), period=900, least=1, missing="breaching", when=market,
        )  # fmt: skip
        found[f"JanitorDead{name}"] = _alarm(
            stage, f"janitor-{market}", f"the janitor has not seen all of {market} for an hour",
            _metric(NAMESPACE, "JanitorCompleted", own), period=3600, least=1, missing="breaching", when=market,
        )  # fmt: skip
        found[f"DestroysStuck{name}"] = _alarm(
            stage, f"destroys-stuck-{market}", f"machines at {market} that should be gone still live, and bill",
            _metric(NAMESPACE, "DestroysStuck", own, "Maximum"), period=900, most=0, when=market,
        )  # fmt: skip
    found["SweepsLate"] = _alarm(
        stage, "sweeps-late", "scheduled passes have not completed for five runs: nobody does what they do",
        _metric(NAMESPACE, "SweepsLate", [("deployment", stage)], "Maximum"), period=900, most=0, missing="breaching",
    )  # fmt: skip
    found["WorkerErrors"] = _alarm(
        stage, "worker-errors", "the function that rents and ends machines fails",
        _metric("AWS/Lambda", "Errors", [("FunctionName", function_name("worker", stage))]), period=300, most=0,
    )  # fmt: skip
    found["DeadLettersThere"] = _alarm(
        stage, "dead-letters", "wake-ups failed again and again; the sweeps do their work, but something is wrong",
        _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", [("QueueName", get("DeadLetters", "QueueName"))],
                "Maximum"), period=300, most=0,
    )  # fmt: skip
    found["Throttles"] = _alarm(
        stage, "throttles", "functions are held back: the account has no concurrency left",
        _metric("AWS/Lambda", "Throttles", []), period=300, most=0,  # of the whole account, as its concurrency is
    )  # fmt: skip
    found["ServerErrors"] = _alarm(
        stage, "api-5xx", "the API answers with 5xx",
        _metric("AWS/ApiGateway", "5XXError", [("ApiName", f"shopper-{stage}"), ("Stage", stage)]), period=300, most=4,
    )  # fmt: skip
    return found


def _metric(namespace: str, name: str, dimensions: list[tuple[str, Any]], statistic: str = "Sum") -> Json:
    named = [{"Name": key, "Value": value} for key, value in dimensions]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": named, "Statistic": statistic}


def _alarm(
    stage: str,
    name: str,
    says: str,
    metric: Json,
    *,
    period: int | None = None,
    least: int | None = None,
    most: int | None = None,
    missing: str = "notBreaching",
    when: str | None = None,
) -> Json:
    """Breaches below `least` or above `most` in one period; tells the operator both when it rises and when it ends."""
    bound, comparison = (least, "LessThanThreshold") if least is not None else (most, "GreaterThanThreshold")
    properties: Json = {
        "AlarmName": f"shopper-{stage}-{name}",
        "AlarmDescription": says,
        "AlarmActions": [ref("AlarmTopic")],
        "OKActions": [ref("AlarmTopic")],
        "EvaluationPeriods": 1,
        "ComparisonOperator": comparison,
        "Threshold": bound,
        "TreatMissingData": missing,
        **metric,
    }
    if period is not None:
        properties["Period"] = period
    only = {} if when is None else {"Condition": condition(when)}
    return {"Type": "AWS::CloudWatch::Alarm", **only, "Properties": properties}
