package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec/internal/document"
)

// What a document of the organization stream says when it is the publisher's: one host, a token by hand, objects that are
// closed and nested, and 200 alone.
const publishedOrganization = `
openapi: 3.0.1
info: {title: Monitor API, version: v1}
servers: [{url: "https://api.docusign.com/"}]
security: [{Bearer: []}]
paths:
  /v1/organizations/{organizationId}/stream:
    get:
      operationId: Stream_GetStream
      parameters:
        - {name: organizationId, in: path, required: true, schema: {type: string}}
        - {name: cursor, in: query, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer, format: int32}}
      responses:
        "200":
          description: OK
          content: {application/json: {schema: {$ref: "#/components/schemas/StreamResponse"}}}
components:
  securitySchemes:
    Bearer: {type: apiKey, name: Authorization, in: header}
  schemas:
    StreamResponse:
      type: object
      properties:
        endCursor: {type: string, nullable: true}
        resultData: {type: array, nullable: true, items: {$ref: "#/components/schemas/StreamingEventRow"}}
      additionalProperties: false
    StreamingEventRow:
      type: object
      properties:
        timestamp: {type: string, format: date-time}
        eventId: {type: string, nullable: true}
        place: {$ref: "#/components/schemas/Place"}
        data: {type: object, nullable: true, additionalProperties: {}}
      additionalProperties: false
    Place:
      type: object
      properties:
        inner:
          type: object
          properties: {name: {type: string, nullable: true}}
          additionalProperties: false
      additionalProperties: false
`

// The overlay makes of it what openapi.yaml says beyond the publisher, with no action to spare.
func TestPublishedOrganizationDocument(t *testing.T) {
	var tree yaml.Node
	if err := yaml.Unmarshal([]byte(publishedOrganization), &tree); err != nil {
		t.Fatal(err)
	}
	misses, err := document.Apply(&tree, []byte(read(t, "organization/published.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	for _, miss := range misses {
		t.Error(miss)
	}
	text, err := yaml.Marshal(&tree)
	if err != nil {
		t.Fatal(err)
	}
	got := load(t, string(text))
	if err := got.Validate(t.Context()); err != nil {
		t.Error(err)
	}

	row := firm(t, "row", got.Components.Schemas["StreamingEventRow"].Value)
	if diff := cmp.Diff([]string{"row", "row.timestamp"}, row); diff != "" {
		t.Errorf("what may not be null (-want +got):\n%s", diff)
	}
	var hosts []string
	for _, server := range got.Servers {
		hosts = append(hosts, server.URL)
	}
	if diff := cmp.Diff([]string{"https://api.docusign.com/", "https://api-d.docusign.com/"}, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}
