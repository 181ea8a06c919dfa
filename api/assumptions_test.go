package api

import (
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/gen/dataset"
)

// assumptions.yaml says what the code does, and names a place that there is.
func TestAssumptions(t *testing.T) {
	text, err := os.ReadFile("assumptions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var assumptions []struct {
		Stream, Fact, Is, Place, Why string
		Essential                    bool
	}
	if err := yaml.Unmarshal(text, &assumptions); err != nil {
		t.Fatal(err)
	}

	const id = "8d3f9e0c-54a9-4b7e-9a55-0d6c51f6b2aa"
	monitor, err := datasetStream(Demo)
	if err != nil {
		t.Fatal(err)
	}
	organization, err := organizationStream(Demo, id)
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string]stream{"dataset": monitor, "organization": organization}
	paths := map[string]string{
		"dataset":      strings.NewReplacer("{version}", string(dataset.Version20), "{dataSetName}", string(dataset.Monitor)).Replace("/api/v{version}/datasets/{dataSetName}/stream"),
		"organization": "/v1/organizations/" + id + "/stream",
	}
	bounds := map[string]string{"default of limit": "1000", "minimum of limit": "1", "maximum of limit": "2000"}
	if MaxLimit != 2000 {
		t.Errorf("MaxLimit is %d", MaxLimit)
	}

	count := map[string]int{}
	for _, a := range assumptions {
		s, known := streams[a.Stream]
		if !known {
			t.Fatalf("%q is no stream", a.Stream)
		}
		count[a.Stream]++
		file, name, _ := strings.Cut(a.Place, ", ")
		source, err := os.ReadFile(strings.TrimPrefix(file, "api/"))
		if err != nil {
			t.Fatal(err)
		}
		name = name[strings.LastIndex(name, ".")+1:]
		if !regexp.MustCompile(`\b` + name + `\b`).Match(source) {
			t.Errorf("%s, %s: there is no %s in %s", a.Stream, a.Fact, name, file)
		}
		if a.Why == "" {
			t.Errorf("%s, %s: without a reason", a.Stream, a.Fact)
		}

		cursor, limit := "c", int32(7)
		request, err := s.request("https://host.example/", &cursor, &limit)
		if err != nil {
			t.Fatal(err)
		}
		kind, name, _ := strings.Cut(a.Fact, " ")
		forms := map[string]string{"member " + s.array: "array", "member endCursor": "string", "event eventId": "string", "event timestamp": "string",
			"parameter cursor": "query, string", "parameter limit": "query, integer", "security": "token in Authorization"}
		if want := forms[a.Fact]; want != "" && a.Is != want {
			t.Errorf("%s: %s is %s, and the code takes %s", a.Stream, a.Fact, a.Is, want)
		}
		switch {
		case a.Fact == "operation":
			pattern := regexp.QuoteMeta(a.Is)
			pattern = "^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(pattern, "[^/]+") + "$"
			if got := request.Method + " " + request.URL.Path; !regexp.MustCompile(pattern).MatchString(got) || request.URL.Path != paths[a.Stream] {
				t.Errorf("%s: the request is %s, want %s", a.Stream, got, a.Is)
			}
		case kind == "member" && name != s.array && name != "endCursor":
			t.Errorf("%s: the code does not read %s", a.Stream, name)
		case kind == "member" || kind == "event": // read by name
			source, err := os.ReadFile("event.go")
			if err != nil {
				t.Fatal(err)
			}
			if name != s.array && !strings.Contains(string(source), name) {
				t.Errorf("%s: event.go does not read %s", a.Stream, name)
			}
		case kind == "parameter" && strings.HasPrefix(a.Is, "query"):
			if !request.URL.Query().Has(name) {
				t.Errorf("%s: %s is not sent: %s", a.Stream, name, request.URL)
			}
		case a.Fact == "security":
			if !strings.Contains(string(source), `Header.Set("Authorization", "Bearer "`) {
				t.Errorf("%s: %s does not send the token in Authorization", a.Stream, file)
			}
		case kind == "host":
			named := false
			for _, raw := range []string{Demo.DatasetURL, Production.DatasetURL, Demo.OrganizationURL, Production.OrganizationURL} {
				u, err := url.Parse(raw)
				named = named || err == nil && u.Host == name
			}
			if !named {
				t.Errorf("%s: no environment has %s", a.Stream, name)
			}
		case bounds[a.Fact] != "" && a.Is != bounds[a.Fact]:
			t.Errorf("%s: %s is %s, want %s", a.Stream, a.Fact, a.Is, bounds[a.Fact])
		}
	}
	if count["dataset"] != 15 || count["organization"] != 14 {
		t.Errorf("assumptions: %v", count)
	}
}
