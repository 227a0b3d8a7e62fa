"""What lasts: the table, the queues, the topics. The table and its backups outlive the stack."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.store.table import TTL, Row
from deploy.functions import FUNCTIONS
from deploy.names import OUTLIVES, STAGES, Json, get, ref, sub

_SCHEMA = Row._get_schema()
INDEXES = [index["index_name"] for index in _SCHEMA["global_secondary_indexes"]]

# AWS's rule: six times the function's own time, so that Lambda may try again after a throttle while nobody else gets
# the message. A failed one comes back late for it; the sweeps do its work within the minute.
_VISIBILITY_SECONDS = 6 * FUNCTIONS["worker"].timeout
_TRIES = 5  # AWS's least, so that throttles alone bury nothing
# A message must outlive its tries, or it lapses instead of being found among the dead.
_RETENTION_SECONDS = 2 * _TRIES * _VISIBILITY_SECONDS
_DEAD_RETENTION_SECONDS = 14 * 86400


def resources(stage: str) -> Json:
    return {
        "Table": table(stage),
        "Queue": _queue(
            stage,
            "wakeups",
            VisibilityTimeout=_VISIBILITY_SECONDS,
            MessageRetentionPeriod=_RETENTION_SECONDS,
            RedrivePolicy={"deadLetterTargetArn": get("DeadLetters", "Arn"), "maxReceiveCount": _TRIES},
        ),
        "DeadLetters": _queue(stage, "wakeups-dead", MessageRetentionPeriod=_DEAD_RETENTION_SECONDS),
        # What the service tells: names of consumers and machines are in it.
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": f"shopper-{stage}", "KmsMasterKeyId": "alias/aws/sns"},
        },
        # What CloudWatch tells. It may not use AWS's own key for SNS, and a key of our own costs more a month than
        # everything else together; an alarm's text holds nothing but its own name and numbers.
        "AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"shopper-{stage}-alarms"}},
        "AlarmTopicPolicy": _alarm_topic_policy(),
        **{f"Mail{topic}": _mail(topic) for topic in ("Topic", "AlarmTopic")},
    }


def table(stage: str) -> Json:
    """As the models say it is."""
    return {
        "Type": "AWS::DynamoDB::Table",
        **OUTLIVES,
        "Properties": {
            "TableName": f"shopper-{stage}",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": _SCHEMA["attribute_definitions"],
            "KeySchema": _keys(_SCHEMA["key_schema"]),
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index["index_name"],
                    "KeySchema": _keys(index["key_schema"]),
                    "Projection": index["projection"],
                }
                for index in _SCHEMA["global_secondary_indexes"]
            ],
            # No `SSESpecification`: it is encrypted at rest anyway, by a key that AWS owns. Asking for it means the key
            # that KMS keeps for this account, and each request to that one is billed.
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": TTL, "Enabled": True},
            "DeletionProtectionEnabled": stage == STAGES[-1],
        },
    }


def _keys(keys: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """CloudFormation wants the hash key first."""
    return sorted(keys, key=lambda key: str(key["KeyType"]))


def _queue(stage: str, name: str, **properties: object) -> Json:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": f"shopper-{stage}-{name}", "SqsManagedSseEnabled": True, **properties},
    }


def _mail(topic: str) -> Json:
    return {
        "Type": "AWS::SNS::Subscription",
        "Condition": "HasEmail",
        "Properties": {"TopicArn": ref(topic), "Protocol": "email", "Endpoint": ref("AlarmEmail")},
    }


def _alarm_topic_policy() -> Json:
    alarms = sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*")
    statement = {
        "Sid": "AlarmsOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": ref("AlarmTopic"),
        "Condition": {"ArnLike": {"aws:SourceArn": alarms}},
    }
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [ref("AlarmTopic")],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }
