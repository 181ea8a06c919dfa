package drift

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec/internal/document"
)

// assumption is a line of api/assumptions.yaml.
type assumption struct {
	Stream    document.Stream
	Fact      string
	Is        string
	Essential bool
	Place     string
	Why       string
}

func readAssumptions(root string) ([]assumption, error) {
	path := filepath.Join(root, "api/assumptions.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []assumption
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// An Assumption is something that api takes for granted of a document, and what the two documents say of it.
type Assumption struct {
	Fact  string `json:"fact"`
	Want  string `json:"want"`
	Old   string `json:"old"` // empty: not stated
	New   string `json:"new"`
	State State  `json:"state"`
	Place string `json:"place"` // what in api has to change if it no longer holds
	Why   string `json:"why"`

	Essential bool `json:"essential"` // without it there is no stream to walk
}

// A State says how an assumption stands by the new document.
type State string

// The states. Only broken ones break: what was not stated before, or was stated otherwise, is as well assumed as it was.
const (
	Holds    State = "holds"
	Broken   State = "broken"
	Unstated State = "not stated, as before"
	Differs  State = "differs, as before"
)

// assume looks up the assumptions of the old document's stream in both documents, as they stand.
func (c *Comparer) assume(before, after *Side) []Assumption {
	was, is := facts(before.published), facts(after.published)
	all := []Assumption{}
	for _, a := range c.assumptions {
		if a.Stream != before.Stream {
			continue
		}
		entry := Assumption{Fact: a.Fact, Want: a.Is, Old: was[a.Fact], New: is[a.Fact], Place: a.Place, Why: a.Why, Essential: a.Essential}
		switch {
		case entry.New == a.Is:
			entry.State = Holds
		case entry.New != entry.Old:
			entry.State = Broken
		case entry.New == "":
			entry.State = Unstated
		default:
			entry.State = Differs
		}
		all = append(all, entry)
	}
	return all
}

// A Move is a fact that one stream has otherwise than the other.
type Move struct {
	Fact string `json:"fact"`
	Old  string `json:"old"` // empty: there is none
	New  string `json:"new"`
}

func moves(was, is map[string]string) []Move {
	names := map[string]bool{}
	for _, facts := range []map[string]string{was, is} {
		for name := range facts {
			names[name] = true
		}
	}
	var all []Move
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if was[name] != is[name] {
			all = append(all, Move{name, was[name], is[name]})
		}
	}
	return all
}

func meaningFindings(assumptions []Assumption, text []Rewording) []Finding {
	var findings []Finding
	for _, a := range assumptions {
		if a.State == Broken {
			now := "is " + a.New
			if a.New == "" {
				now = "is no longer there"
			}
			findings = append(findings, Finding{true, a.Fact, fmt.Sprintf("api assumes %s; it %s", a.Want, now), "assumption", a.Place})
		}
	}
	for _, t := range text {
		if t.Relevant {
			findings = append(findings, Finding{false, t.Where, "the text has changed, and speaks of cursor, order, limit, version or time: read it", "text", ""})
		}
	}
	return findings
}

// facts are what a document says of the things that api may assume, by the names that api/assumptions.yaml uses. What it
// does not say is absent.
func facts(d *openapi3.T) map[string]string {
	all := map[string]string{}
	for _, server := range d.Servers {
		if u, err := url.Parse(server.URL); err == nil {
			all["host "+u.Host] = "named"
		}
	}
	path, item, operation := streamOperation(d)
	if operation == nil {
		return all
	}
	all["operation"] = "GET " + path
	for _, p := range append(slices.Clone(item.Parameters), operation.Parameters...) {
		if p.Value == nil || p.Value.Schema == nil || p.Value.Schema.Value == nil {
			continue
		}
		schema := p.Value.Schema.Value
		text := p.Value.In + ", " + kind(schema)
		if p.Value.Required && p.Value.In != "path" {
			text += ", required"
		}
		all["parameter "+p.Value.Name] = text
		set := func(name string, value any) { all[name+" of "+p.Value.Name] = fmt.Sprint(value) }
		if schema.Default != nil {
			set("default", schema.Default)
		}
		if schema.Min != nil {
			set("minimum", *schema.Min)
		}
		if schema.Max != nil {
			set("maximum", *schema.Max)
		}
		if schema.Enum != nil {
			set("values", schema.Enum)
		}
	}
	if security := security(d, operation); security != "" {
		all["security"] = security
	}

	page := pageOf(operation)
	if page == nil {
		return all
	}
	for name, member := range properties(page) {
		all["member "+name] = kind(member)
		if member.Items != nil && member.Items.Value != nil {
			for field, schema := range properties(member.Items.Value) {
				all["event "+field] = kind(schema)
			}
		}
	}
	return all
}

// streamOperation finds the operation that api walks: by its path, or else by what it answers.
func streamOperation(d *openapi3.T) (string, *openapi3.PathItem, *openapi3.Operation) {
	if d.Paths == nil {
		return "", nil, nil
	}
	paths := d.Paths.InMatchingOrder()
	slices.SortStableFunc(paths, func(a, b string) int {
		return strings.Compare(fmt.Sprint(!strings.HasSuffix(a, "/stream")), fmt.Sprint(!strings.HasSuffix(b, "/stream")))
	})
	for _, path := range paths {
		item := d.Paths.Value(path)
		if item == nil || item.Get == nil {
			continue
		}
		page := pageOf(item.Get)
		if strings.HasSuffix(path, "/stream") || page != nil && page.Properties["endCursor"] != nil {
			return path, item, item.Get
		}
	}
	return "", nil, nil
}

func pageOf(operation *openapi3.Operation) *openapi3.Schema {
	response := operation.Responses.Value("200")
	if response == nil || response.Value == nil {
		return nil
	}
	media := response.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// properties are those of a schema and of what it is composed of by allOf.
func properties(schema *openapi3.Schema) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{}
	for _, part := range schema.AllOf {
		if part.Value != nil {
			for name, property := range properties(part.Value) {
				all[name] = property
			}
		}
	}
	for name, property := range schema.Properties {
		if property.Value != nil {
			all[name] = property.Value
		}
	}
	return all
}

func kind(schema *openapi3.Schema) string {
	types := slices.DeleteFunc(schema.Type.Slice(), func(t string) bool { return t == "null" })
	if len(types) == 0 {
		return "any"
	}
	return strings.Join(types, " or ")
}

// security says how the operation is to be authorized. A token in the Authorization header is the same thing to api,
// whatever kind of scheme the document makes of it. A scheme that the document does not define says nothing; if there is no
// other, what goes for the whole document counts.
func security(d *openapi3.T, operation *openapi3.Operation) string {
	requirements := d.Security
	if operation.Security != nil {
		requirements = *operation.Security
		if len(requirements) == 0 {
			return "none"
		}
	}
	if ways := waysOf(d, requirements); ways != "" {
		return ways
	}
	return waysOf(d, d.Security)
}

func waysOf(d *openapi3.T, requirements openapi3.SecurityRequirements) string {
	var ways []string
	for _, requirement := range requirements {
		for name := range requirement {
			if d.Components == nil || d.Components.SecuritySchemes[name] == nil || d.Components.SecuritySchemes[name].Value == nil {
				continue
			}
			scheme, way := d.Components.SecuritySchemes[name].Value, ""
			switch {
			case scheme.Type == "oauth2", scheme.Type == "openIdConnect", scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "bearer"),
				scheme.Type == "apiKey" && scheme.In == "header" && strings.EqualFold(scheme.Name, "Authorization"):
				way = "token in Authorization"
			case scheme.Type == "apiKey":
				way = "key in " + scheme.In + " " + scheme.Name
			default:
				way = strings.TrimSpace(scheme.Type + " " + scheme.Scheme)
			}
			if !slices.Contains(ways, way) {
				ways = append(ways, way)
			}
		}
	}
	slices.Sort(ways)
	return strings.Join(ways, " or ")
}
