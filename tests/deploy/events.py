"""Events as AWS hands them out: of API Gateway's proxy, of the clock, of the queue."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.deploy.cloud import ACCOUNT, REGION


def request(
    method: str,
    resource: str,
    key: str | None = None,
    body: object = None,
    query: Mapping[str, str] | None = None,
    **params: str,
) -> dict[str, Any]:
    """API Gateway's event for the Lambda proxy integration, format 1.0."""
    path = resource.format(**params)
    headers = {"Accept": "*/*", "Host": "abc123.execute-api.us-east-1.amazonaws.com", "User-Agent": "curl/8.5.0"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": params or None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "a1b2c3",
            "resourcePath": resource,
            "httpMethod": method,
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "requestTime": "10/Mar/2026:05:14:11 +0000",
            "path": f"/prod{path}",
            "accountId": ACCOUNT,
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "domainPrefix": "abc123",
            "requestTimeEpoch": 1773119651000,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0", "apiKey": None, "user": None},
            "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
            "apiId": "abc123",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def tick(rule: str) -> dict[str, Any]:
    """EventBridge's event for a rule with a rate."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-03-10T05:14:00Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


def batch(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lambda's event for what was received from SQS."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1773119651000",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1773119651000",
                },
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:shopper-prod-wakeups",
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


def message(body: str) -> dict[str, Any]:
    """One message that never was in a queue."""
    return batch([{"MessageId": "1", "ReceiptHandle": "1", "Body": body, "MD5OfBody": ""}])
