"""Receives logs by OTLP/HTTP in JSON and reads them with the official protobuf definitions, which refuse unknown fields.

otlp.py PORT: a line of JSON on stdout for each record: resource attributes, attributes, text. A request that is refused ends it
with 1.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest


def attributes(pairs):
    return {it.key: it.value.string_value or it.value.int_value for it in pairs}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = (self.path, self.headers["Content-Type"])
        if kind != ("/v1/logs", "application/json"):
            print("refused", *kind, file=sys.stderr)
            os._exit(1)
        try:
            request = json_format.Parse(body, ExportLogsServiceRequest())
        except json_format.ParseError as error:
            print("refused", error, file=sys.stderr)
            os._exit(1)
        for resource in request.resource_logs:
            of_resource = attributes(resource.resource.attributes)
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    shown = [of_resource, attributes(record.attributes), record.body.string_value]
                    print(json.dumps(shown), flush=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
