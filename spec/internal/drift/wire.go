package drift

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/spec/internal/document"
)

// severities are where this project judges otherwise than oasdiff, whose errors and warnings are breaking and whose
// notes are compatible. What is off is no matter of the wire: the Go API has the operation ids, and a schema that
// nothing refers to goes over no wire.
var severities = map[string]checker.Level{
	checker.APIOperationIdRemovedId: off,
	checker.APIOperationIdAddId:     off,
	checker.APITagRemovedId:         off,
	checker.APITagAddedId:           off,
	checker.APISchemasRemovedId:     off,

	// A consumer loses what it may have relied on, promised or not.
	"response-optional-property-removed":            checker.ERR,
	"optional-response-header-removed":              checker.ERR,
	"response-optional-write-only-property-removed": checker.INFO,
	// A caller that leaves the parameter out gets something else than before.
	checker.RequestParameterDefaultValueChangedId: checker.ERR,
	checker.RequestParameterDefaultValueRemovedId: checker.ERR,
	checker.RequestParameterDefaultValueAddedId:   checker.ERR,
}

const off = checker.NONE

// wire compares what goes over the wire, by the documents as they stand: an overlay may put its own value over one that
// changes, and where an action misses, its absence is no change of the publisher's. A document that holds overlays
// already, or describes the other stream, can be compared with them alone.
func (c *Comparer) wire(before, after *Side) (Axis, error) {
	old, now := before.published, after.published
	if before.ours != after.ours || before.Stream != after.Stream {
		old, now = before.prepared, after.prepared
	}
	findings, err := operations(old, now)
	if err != nil {
		return Axis{}, err
	}
	findings = append(findings, servers(before, after)...)
	for _, lost := range c.essentials(before, after) {
		_, name, _ := strings.Cut(lost.Text, "`")
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Breaking && strings.Contains(f.Text, "`"+name) }) {
			findings = append(findings, lost)
		}
	}
	return axis(byOperation(findings)), nil
}

// operations returns what oasdiff finds.
func operations(before, after *openapi3.T) ([]Finding, error) {
	d, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), &load.SpecInfo{Url: "old", Spec: before}, &load.SpecInfo{Url: "new", Spec: after})
	if err != nil {
		return nil, fmt.Errorf("cannot compare the documents: %w", err)
	}
	config := checker.NewConfig(checker.GetAllChecks(), checker.WithSeverityLevels(severities))
	localizer := checker.NewDefaultLocalizer()
	var findings []Finding
	for _, change := range checker.CheckBackwardCompatibilityUntilLevel(config, d, sources, checker.INFO) {
		if severities[change.GetId()] == off && has(severities, change.GetId()) {
			continue
		}
		where := strings.TrimSpace(change.GetOperation() + " " + change.GetPath())
		if where == "" {
			where = change.GetSection()
		}
		findings = append(findings, Finding{
			Breaking: change.GetLevel() >= checker.WARN,
			Where:    where,
			Text:     change.GetUncolorizedText(localizer),
			Rule:     change.GetId(),
		})
	}
	return findings, nil
}

func has[K comparable, V any](m map[K]V, key K) bool {
	_, ok := m[key]
	return ok
}

// byOperation leaves one finding of an operation that is gone, whatever went with it, and one of several that differ in
// nothing but where the same schema is used.
func byOperation(findings []Finding) []Finding {
	gone := map[string]bool{}
	for _, f := range findings {
		if strings.HasPrefix(f.Rule, "api-removed") || strings.HasPrefix(f.Rule, "api-path-removed") {
			gone[f.Where] = true
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(findings, func(f Finding) bool {
		key := f.Where
		if !gone[f.Where] {
			key += "\x00" + f.Text
		}
		again := seen[key]
		seen[key] = true
		return again
	})
}

// servers compares the hosts and base paths, which oasdiff does not look at, as the documents themselves name them. A
// document that names none of those known before has moved the API; known are also the hosts that api knows.
func servers(before, after *Side) []Finding {
	old, now := addresses(before.raw), addresses(after.raw)
	known := slices.Clone(old)
	for _, environment := range []api.Environment{api.Demo, api.Production} {
		known = append(known, address(map[document.Stream]string{
			document.Dataset: environment.DatasetURL, document.Organization: environment.OrganizationURL,
		}[before.Stream]))
	}
	moved := len(old) > 0 && !slices.ContainsFunc(now, func(a string) bool { return slices.Contains(known, a) })

	var findings []Finding
	for _, a := range old {
		if !slices.Contains(now, a) {
			findings = append(findings, Finding{Breaking: moved, Where: "servers", Text: "no longer names the server " + a, Rule: "server-removed"})
		}
	}
	for _, a := range now {
		if !slices.Contains(old, a) {
			findings = append(findings, Finding{Where: "servers", Text: "names the server " + a, Rule: "server-added"})
		}
	}
	return findings
}

// addresses returns the servers that a document names, at any level.
func addresses(root *yaml.Node) []string {
	found := map[string]bool{}
	var walk func(node *yaml.Node)
	walk = func(node *yaml.Node) {
		for i, child := range node.Content {
			if node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == "servers" && child.Kind == yaml.SequenceNode {
				for _, server := range child.Content {
					var s struct{ URL string }
					if server.Decode(&s) == nil && s.URL != "" {
						found[address(s.URL)] = true
					}
				}
			}
			walk(child)
		}
	}
	walk(root)
	return slices.Sorted(maps.Keys(found))
}

// address is a URL in one form for all that mean the same.
func address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Path = strings.TrimRight(u.Path, "/") + "/"
	return u.String()
}

// essentials are what no stream goes without: whatever a document promised of them before, losing them is breaking.
func (c *Comparer) essentials(before, after *Side) []Finding {
	if before.Stream != after.Stream {
		return nil // the operation itself is gone
	}
	was, is := facts(before.published), facts(after.published)
	if was["operation"] != is["operation"] {
		return nil
	}
	var findings []Finding
	for _, a := range c.assumptions {
		if a.Stream == before.Stream && a.Essential && was[a.Fact] != "" && is[a.Fact] == "" {
			kind, name, _ := strings.Cut(a.Fact, " ")
			findings = append(findings, Finding{true, was["operation"], fmt.Sprintf("has lost the %s `%s`", kind, name), "essential-lost", ""})
		}
	}
	return findings
}
