"""AWS by moto, with the stack in it: SAM transformed as AWS would, loaded without the API's own resources."""

import ast
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from deploy.bundle import CODE, TEMPLATE
from deploy.functions import API
from deploy.names import Json, function_name

REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = "packages"
STACK = "gpu-shopper-prod"

# moto does not make these from a template; what is said of them is asserted on the template.
_IGNORED = ("AWS::ApiGateway::", "AWS::CloudWatch::", "AWS::SNS::TopicPolicy", "AWS::Lambda::EventInvokeConfig")


class Cloud:
    """`client(service)`, and `endpoint` for those outside this process."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",
        )

    def deploy(self, package: Path) -> None:
        """As `make deploy` does: the code to S3, the template to CloudFormation."""
        storage = self.client("s3")
        storage.create_bucket(Bucket=BUCKET)
        storage.upload_file(str(package / CODE), BUCKET, CODE)
        stacks = self.client("cloudformation")
        stacks.create_stack(StackName=STACK, TemplateBody=json.dumps(plain(package)), Capabilities=["CAPABILITY_IAM"])
        assert stacks.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"

    def policy(self, function: str) -> list[Json]:
        """The statements of the function's role."""
        role = self.client("lambda").get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[1]
        roles = self.client("iam")
        (name,) = roles.list_role_policies(RoleName=role)["PolicyNames"]
        document = roles.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        # moto keeps what CloudFormation made as Python writes it, where AWS keeps JSON.
        found: list[Json] = (ast.literal_eval(document) if isinstance(document, str) else document)["Statement"]
        return found

    def environment(self, function: str) -> dict[str, str]:
        found = self.client("lambda").get_function_configuration(FunctionName=function)
        variables: dict[str, str] = found["Environment"]["Variables"]
        return variables


@contextmanager
def cloud() -> Iterator[Cloud]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else every request is a line
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)  # all of moto's servers in one process share their memory
    try:
        yield Cloud(endpoint)
    finally:
        server.stop()


def translated(template: Json) -> Json:
    """CloudFormation without SAM, as AWS itself would make it; `template` stays as it is."""
    made = deepcopy(template)
    for resource in made["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/{CODE}"
    told: Json = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION)).translate(made, {})
    return told


def plain(package: Path) -> Json:
    """Without SAM, and without what moto does not know."""
    told = translated(json.loads((package / TEMPLATE).read_text()))
    kept = {name: one for name, one in told["Resources"].items() if not one["Type"].startswith(_IGNORED)}
    told["Resources"] = {name: one for name, one in kept.items() if "RestAPI" not in json.dumps(one) or _known(one)}
    for resource in told["Resources"].values():
        _without_api(resource)
    told["Outputs"] = {name: one for name, one in told["Outputs"].items() if "API" not in json.dumps(one)}
    return told


def _known(resource: Json) -> bool:
    return bool(resource["Type"] == "AWS::Lambda::Function")


def _without_api(resource: Json) -> None:
    """The address of the API and the groups of the logs are put in by hand: their resources are not here. The API
    itself is told no address, as where the stack is made without one."""
    if not _known(resource):
        return
    properties = resource["Properties"]
    properties.pop("LoggingConfig", None)
    variables = properties["Environment"]["Variables"]
    variables["SHOPPER_PUBLIC_URL"] = "https://api.example.com/prod"
    if properties["FunctionName"] == function_name(API, "prod"):
        del variables["SHOPPER_PUBLIC_URL"]
