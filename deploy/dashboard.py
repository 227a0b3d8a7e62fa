"""One page of CloudWatch for the operator: are the machines ended, is anybody looking, what fails."""

import json

from chalicelib.notify.metrics import NAMESPACE
from chalicelib.settings import MARKETS
from deploy.functions import FUNCTIONS
from deploy.names import Json, function_name, sub

_WIDTH, _HEIGHT, _COLUMNS = 12, 6, 2


def resources(stage: str) -> Json:
    functions = [function_name(name, stage) for name in FUNCTIONS]
    own = [["deployment", stage, "provider", market] for market in MARKETS]
    graphs = [
        _graph("Passes that saw a market whole", "Sum", *_ours(own, "ReconcileCompleted", "JanitorCompleted")),
        _graph("Machines that should be gone and are not", "Maximum", *_ours(own, "DestroysStuck")),
        _graph("Errors", "Sum", *[["AWS/Lambda", "Errors", "FunctionName", name] for name in functions]),
        _graph("Duration, p99", "p99", *[["AWS/Lambda", "Duration", "FunctionName", name] for name in functions]),
        _graph(
            "Requests", "Sum",
            *[["AWS/ApiGateway", kind, "ApiName", f"shopper-{stage}", "Stage", stage]
              for kind in ("Count", "4XXError", "5XXError")],
        ),
        _graph("Latency of the API, p99", "p99", ["AWS/ApiGateway", "Latency", "ApiName", f"shopper-{stage}"]),
        _graph(
            "Wake-ups", "Maximum",
            *[["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", f"shopper-{stage}-{queue}"]
              for queue in ("wakeups", "wakeups-dead")],
        ),
        _graph(
            "Table: capacity and throttles", "Sum",
            *[["AWS/DynamoDB", kind, "TableName", f"shopper-{stage}"]
              for kind in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents",
                           "WriteThrottleEvents")],
        ),
    ]  # fmt: skip
    for number, graph in enumerate(graphs):
        graph |= {"x": number % _COLUMNS * _WIDTH, "y": number // _COLUMNS * _HEIGHT}
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": f"shopper-{stage}", "DashboardBody": sub(json.dumps({"widgets": graphs}))},
        }
    }


def _ours(own: list[list[str]], *names: str) -> list[list[str]]:
    return [[NAMESPACE, name, *dimensions] for name in names for dimensions in own]


def _graph(title: str, statistic: str, *metrics: list[str]) -> Json:
    properties = {
        "title": title,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "period": 300,
        "stat": statistic,
        "metrics": list(metrics),
    }
    return {"type": "metric", "width": _WIDTH, "height": _HEIGHT, "properties": properties}
