package spec_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec"
)

var update = flag.Bool("update", false, "write the hash of the published document to README.md")

var hashLine = regexp.MustCompile("(?m)^sha256 `([0-9a-f]{64})`$")

// The hash is written in README.md, which the test reads it from.
func TestPublishedDocumentIsUnchanged(t *testing.T) {
	readme := read(t, "README.md")
	written := hashLine.FindAllStringSubmatch(readme, -1)
	if len(written) != 1 {
		t.Fatalf("README.md has %d lines with a hash, want 1", len(written))
	}
	got := spec.PublishedDatasetSHA256()

	if *update && written[0][1] != got {
		readme = strings.Replace(readme, written[0][1], got, 1)
		if err := os.WriteFile("README.md", []byte(readme), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(written[0][1], got); diff != "" {
		t.Errorf("the published document is not the one of README.md; it is never edited, a new one comes by make update (-want +got):\n%s", diff)
	}
}

func TestPublishedDatasetSHA256(t *testing.T) {
	file := sha256.Sum256([]byte(read(t, "dataset/docusign-monitor-openapi-original.yml")))
	if diff := cmp.Diff(hex.EncodeToString(file[:]), spec.PublishedDatasetSHA256()); diff != "" {
		t.Errorf("hash of the file and of the value differ (-file +value):\n%s", diff)
	}
}

func TestDocumentsAreValid(t *testing.T) {
	for name, text := range map[string]string{"dataset": spec.Dataset, "organization": spec.Organization, "oauth": spec.OAuth} {
		t.Run(name, func(t *testing.T) {
			if err := load(t, text).Validate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPreparedDocumentIsFresh(t *testing.T) {
	if diff := cmp.Diff(prepare(t, keepAll), spec.Dataset); diff != "" {
		t.Errorf("dataset/openapi.yaml is stale, run make generate (-fresh +file):\n%s", diff)
	}
}

// events are the schemas of an event, of which each stream has one.
var events = []struct{ name, document, schema string }{
	{"dataset", spec.Dataset, "Event"},
	{"organization", spec.Organization, "StreamingEventRow"},
}

// fields are what is known of the fields of an event, which are the same in both streams. A later document may have more.
var fields = map[string]string{
	"timestamp":                      "string date-time",
	"eventId":                        "string",
	"site":                           "string",
	"accountId":                      "string",
	"organizationId":                 "string",
	"userId":                         "string",
	"integratorKey":                  "string",
	"userAgent":                      "string",
	"userAgentClientInfo":            "object",
	"ipAddress":                      "string",
	"ipAddressLocation":              "object",
	"object":                         "string",
	"action":                         "string",
	"property":                       "string",
	"field":                          "string",
	"result":                         "string",
	"source":                         "string",
	"isUserMemberOfDomain":           "boolean",
	"referencedUserIsMemberOfDomain": "boolean",
	"referencedUserId":               "string",
	"proxyStatus":                    "string",
	"proxyType":                      "string",
	"proxyLevel":                     "string",
	"latitude":                       "number double",
	"longitude":                      "number double",
	"city":                           "string",
	"state":                          "string",
	"country":                        "string",
	"device":                         "string",
	"browser":                        "string",
	"os":                             "string",
	"affectedUserId":                 "string",
	"affectedUserIsMemberOfDomain":   "boolean",
	"data":                           "object",
}

func TestEventSchema(t *testing.T) {
	if len(fields) != 34 {
		t.Fatalf("the table has %d fields, want 34", len(fields))
	}
	for _, event := range events {
		t.Run(event.name, func(t *testing.T) {
			got := map[string]string{}
			for name, property := range load(t, event.document).Components.Schemas[event.schema].Value.Properties {
				if fields[name] == "" {
					continue
				}
				got[name] = strings.TrimSpace(strings.Join(*property.Value.Type, ",") + " " + property.Value.Format)
			}
			if diff := cmp.Diff(fields, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

// Nothing is required of an event or of what is nested in it, unknown members are welcome, and every field that is known may
// be null, but what the organization stream says of its timestamp. Of a field that a later document adds, the document decides.
func TestEventSchemaPromisesNothing(t *testing.T) {
	want := map[string][]string{"Event": {"Event"}, "StreamingEventRow": {"StreamingEventRow", "StreamingEventRow.timestamp"}}
	for _, event := range events {
		t.Run(event.name, func(t *testing.T) {
			schema := load(t, event.document).Components.Schemas[event.schema].Value
			maps.DeleteFunc(schema.Properties, func(name string, _ *openapi3.SchemaRef) bool { return fields[name] == "" })
			firm := firm(t, event.schema, schema)
			if diff := cmp.Diff(want[event.schema], firm); diff != "" {
				t.Errorf("what may not be null (-want +got):\n%s", diff)
			}
		})
	}
}

// firm returns what may not be null of a schema and of what is nested in it. A member that is required, and an object that
// is not open, is an error.
func firm(t *testing.T, path string, schema *openapi3.Schema) []string {
	t.Helper()
	var all []string
	if !schema.Nullable {
		all = append(all, path)
	}
	if !schema.Type.Is("object") {
		return all
	}
	if len(schema.Required) > 0 {
		t.Errorf("%s requires %v", path, schema.Required)
	}
	if other := schema.AdditionalProperties.Schema; other == nil || !other.Value.IsEmpty() {
		t.Errorf("%s is not open to members of any kind", path)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		all = append(all, firm(t, path+"."+name, schema.Properties[name].Value)...)
	}
	return all
}

// The answers that this project adds to both streams are the same in both, but for their descriptions.
func TestErrorAnswersAreTheSame(t *testing.T) {
	answers := func(text string) map[string]any {
		document := load(t, text)
		all := map[string]any{"Problem": document.Components.Schemas["Problem"].Value.Properties}
		for name, header := range document.Components.Headers {
			all["header "+name] = header
		}
		for name, response := range document.Components.Responses {
			all["response "+name] = []any{response.Value.Headers, response.Value.Content}
		}
		for path, item := range document.Paths.Map() {
			if !strings.HasSuffix(path, "/stream") {
				continue // a later document may have more
			}
			for status, response := range item.Get.Responses.Map() {
				all["status "+status] = []any{response.Ref, response.Value.Headers}
			}
		}
		encoded, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		var decoded map[string]any
		if err := json.Unmarshal(encoded, &decoded); err != nil {
			t.Fatal(err)
		}
		return decoded
	}
	if diff := cmp.Diff(answers(spec.Dataset), answers(spec.Organization)); diff != "" {
		t.Errorf("answers (-dataset +organization):\n%s", diff)
	}
}

// keepAll is the choice of every overlay that go generate applies.
func keepAll(string) bool { return true }

// prepare does what go generate does for the dataset stream, by its own command line, with the overlays that keep
// chooses by their file names. It returns the document.
func prepare(t *testing.T, keep func(overlay string) bool) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^//go:generate (go run \./spec/prepare -o \S+ .*)$`).FindStringSubmatch(read(t, "../generate.go"))
	if line == nil {
		t.Fatal("generate.go does not prepare the document")
	}
	args := slices.DeleteFunc(strings.Fields(line[1]), func(arg string) bool {
		return strings.Contains(arg, "/overlay/") && !keep(filepath.Base(arg))
	})
	out := filepath.Join(t.TempDir(), "openapi.yaml")
	args[slices.Index(args, "-o")+1] = out

	read(t, "prepare/main.go") // so that the test cache knows that the result depends on it
	command := exec.CommandContext(t.Context(), args[0], args[1:]...)
	command.Dir = ".."
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, text)
	}
	return read(t, out)
}

func load(t *testing.T, text string) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func parse(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return &document
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
