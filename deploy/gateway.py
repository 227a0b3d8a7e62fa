"""API Gateway in front of the app: its limits, its access log, and its own errors in the form of ours."""

import json

from chalicelib.api import problems
from chalicelib.api.routes import ROUTES, by_path
from chalicelib.domain.errors import Refusal
from deploy.names import OUTLIVES, Json, get, sub

_RATE, _BURST = 200, 400  # requests a second for everybody together: the heartbeats of 5,000 machines are 83
_LOG_DAYS = 30

# Its names for a path that it does not know. Asked with a key, it takes that for a signature of AWS.
_NO_SUCH_PATH = (
    "MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND", "INVALID_SIGNATURE", "EXPIRED_TOKEN", "ACCESS_DENIED",
    "UNAUTHORIZED",
)  # fmt: skip

# Everything that API Gateway answers without asking the app: status, code, words.
_ERRORS: dict[str, tuple[int, str, str]] = {
    **dict.fromkeys(_NO_SUCH_PATH, (404, "not_found", "no such path")),
    "UNSUPPORTED_MEDIA_TYPE": (405, "method_not_allowed", "this path does not take this method"),  # only at the mocks
    "REQUEST_TOO_LARGE": (413, "body_too_large", "the body is too large"),
    "THROTTLED": (429, "too_many_requests", "too many requests; try again in a second"),
    "QUOTA_EXCEEDED": (429, "too_many_requests", "too many requests; try again later"),
    "INTEGRATION_FAILURE": (502, "no_answer", "the service gave no usable answer; look before you ask again"),
    "INTEGRATION_TIMEOUT": (504, "timeout", "the service took too long; look before you ask again"),
    "API_CONFIGURATION_ERROR": (500, "internal_error", "something went wrong here"),
    "DEFAULT_4XX": (400, "bad_request", "there is no such path, or the request is not understood"),
    "DEFAULT_5XX": (500, "internal_error", "something went wrong here"),
}

_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "path": "$context.resourcePath",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "error": "$context.integrationErrorMessage",
}
"""The route, never the path itself, and no header: nothing a caller sends is in it but the address."""


def resources(stage: str) -> Json:
    return {
        "RestAPI": {
            # Without the account's role for logs a stage that logs cannot be made.
            "DependsOn": ["GatewayAccount"],
            "Properties": {
                "Name": f"shopper-{stage}",
                "OpenApiVersion": "2.0",
                "DefinitionBody": {
                    "paths": {path: {_ANY: _wrong_method(list(rows))} for path, rows in by_path(ROUTES).items()}
                },
                "GatewayResponses": {name: _response(*error) for name, error in _ERRORS.items()},
                "MethodSettings": [
                    {
                        "ResourcePath": "/*",
                        "HttpMethod": "*",
                        "ThrottlingRateLimit": _RATE,
                        "ThrottlingBurstLimit": _BURST,
                    }
                ],
                "AccessLogSetting": {"DestinationArn": get("AccessLogs", "Arn"), "Format": json.dumps(_ACCESS_LOG)},
            },
        },
        "AccessLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/shopper/{stage}/access", "RetentionInDays": _LOG_DAYS},
        },
        # One setting for the whole account and region, and other stages may stand on it and its role: both stay when
        # this stack goes, or could not be made, or the others would log nothing any more.
        "GatewayAccount": {
            "Type": "AWS::ApiGateway::Account",
            **OUTLIVES,
            "Properties": {"CloudWatchRoleArn": get("GatewayLogRole", "Arn")},
        },
        "GatewayLogRole": {
            "Type": "AWS::IAM::Role",
            **OUTLIVES,
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "apigateway.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "ManagedPolicyArns": [
                    sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
                ],
            },
        },
    }


_ANY = "x-amazon-apigateway-any-method"
_HEADERS = ("Allow", "Content-Type")


def _wrong_method(allowed: list[str]) -> Json:
    """A path asked with a method it does not take: answered by API Gateway itself, as the app would."""
    told = problems.wrong_method(allowed, "$context.requestId")
    return {
        "responses": {"405": {"description": "wrong method", "headers": {key: {"type": "string"} for key in _HEADERS}}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "passthroughBehavior": "never",
            "requestTemplates": {"application/json": json.dumps({"statusCode": 405})},
            "responses": {
                "default": {
                    "statusCode": "405",
                    "responseParameters": {
                        f"method.response.header.{name}": f"'{told.headers[name]}'" for name in _HEADERS
                    },
                    "responseTemplates": {"application/json": json.dumps(told.body)},
                }
            },
        },
    }


def _response(status: int, code: str, detail: str) -> Json:
    told = problems.told(Refusal(status, code, detail), "$context.requestId")
    return {
        "StatusCode": str(status),
        "ResponseParameters": {"Headers": {"Content-Type": f"'{problems.CONTENT_TYPE}'"}},
        "ResponseTemplates": {"application/json": json.dumps(told.body)},
    }
