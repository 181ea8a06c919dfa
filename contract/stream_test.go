package contract_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	uuid "github.com/oapi-codegen/runtime/types"
	"github.com/onsi/ginkgo/v2/types"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/organization"
)

// stream is one of the two streams: what they differ in. A clause whose body takes one is tried on each.
type stream struct {
	name  string // its label, and the folder of its document
	array string // of the events in a page
	other string // the same of the other stream

	nullable bool // the array, by the document

	// path is that of the operation, for an organization.
	path func(organization string) string

	// request is that of the generated client.
	request func(server, organization string, cursor *string, limit *int32) (*http.Request, error)

	// choose are the options of a client of this stream.
	choose func(organization string) []api.Option
}

var (
	datasetStream = stream{
		name: "dataset", array: "data", other: "resultData",
		path: func(string) string { return "/api/v2.0/datasets/monitor/stream" },
		request: func(server, _ string, cursor *string, limit *int32) (*http.Request, error) {
			return dataset.NewGetStreamRequest(server, dataset.Version20, dataset.Monitor,
				&dataset.GetStreamParams{Cursor: cursor, Limit: limit})
		},
		choose: func(string) []api.Option { return nil },
	}

	organizationStream = stream{
		name: "organization", array: "resultData", other: "data", nullable: true,
		path: func(organization string) string { return "/v1/organizations/" + organization + "/stream" },
		request: func(server, id string, cursor *string, limit *int32) (*http.Request, error) {
			var guid uuid.UUID
			if err := guid.UnmarshalText([]byte(id)); err != nil {
				return nil, err
			}
			return organization.NewGetStreamRequest(server, guid, &organization.GetStreamParams{Cursor: cursor, Limit: limit})
		},
		choose: func(organization string) []api.Option { return []api.Option{api.WithOrganization(organization)} },
	}

	// streams are both. Whatever holds for one of them holds for the other.
	streams = []stream{datasetStream, organizationStream}
)

// page is a 200 of this stream, in the order of members that the captured answer has.
func (on stream) page(endCursor string, events ...string) reply {
	return ok(fmt.Sprintf(`{"endCursor":%q,%q:[%s]}`, endCursor, on.array, strings.Join(events, ",")))
}

// named puts the name of the stream's array, and that of the other stream's, into a body that leaves them open.
func (on stream) named(body string) string {
	return strings.NewReplacer("$events", on.array, "$others", on.other).Replace(body)
}

// takesStream tells whether a body is to be tried on each stream.
func takesStream(body any) bool {
	kind := reflect.TypeOf(body)
	return kind.Kind() == reflect.Func && kind.NumIn() > 1 && kind.In(1) == reflect.TypeFor[stream]()
}

// bind gives a body its stream.
func bind(body any, on stream) any {
	kind := reflect.TypeOf(body)
	in := []reflect.Type{kind.In(0)}
	for i := 2; i < kind.NumIn(); i++ {
		in = append(in, kind.In(i))
	}
	return reflect.MakeFunc(reflect.FuncOf(in, nil, false), func(args []reflect.Value) []reflect.Value {
		return reflect.ValueOf(body).Call(slices.Insert(args, 1, reflect.ValueOf(on)))
	}).Interface()
}

// A stream that is taken out of the table fails this test, and so does a clause that is tried on one stream alone.
func TestClausesHoldForBothStreams(t *testing.T) {
	both := []string{"dataset", "organization"}
	report := dryRun(t)
	tried := map[string]map[string]bool{}
	for _, spec := range report.SpecReports.WithLeafNodeType(types.NodeTypeIt) {
		id := clauseID(t, spec)
		if tried[id] == nil {
			tried[id] = map[string]bool{}
		}
		for _, label := range spec.Labels() {
			if slices.Contains(both, label) {
				tried[id][label] = true
			}
		}
	}
	on := 0
	alone := map[string]string{"SRV-ROUTE-4": "organization"} // the dataset stream names none
	for id, labels := range tried {
		if len(labels) == len(both) {
			on++
		} else if len(labels) != 0 && !labels[alone[id]] {
			t.Errorf("%s is tried on %v alone, want both streams or none", id, labels)
		}
	}
	if on < 50 {
		t.Errorf("%d clauses are tried on both streams, want 50 and more", on)
	}
}
