package contract_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/spec"
)

// documentDefects are documents, overlays and generated code that say something else than they are to. Where an overlay
// and what it makes are spoilt alike, the one is still made of the other.
var documentDefects = []defect{
	{
		name: "document/byte-more", sentence: "ends with a newline that the publisher did not write",
		kills:    []string{"DOC-1"},
		document: appended("published", "\n"),
	},
	{
		name: "document/no-title", sentence: "has no title, and so is not valid",
		kills:    []string{"DOC-2"},
		document: replaced("title: Docusign account server, JWT grant", `title: ""`, "oauth"),
	},
	{
		name: "document/lax-limit", sentence: "does not say how large a limit may be",
		kills: []string{"DOC-3"}, may: []string{"SRV-PAGE-7"},
		document: replaced("maximum: 2000", "maximum: 2147483647", "dataset", "tighten", "organization"),
	},
	{
		name: "document/another-address", sentence: "gives another e-mail address than the publisher's",
		kills:    []string{"DOC-3"},
		document: replaced("devcenter@docusign.com", "devcentre@docusign.com", "dataset", "repair"),
	},
	{
		name: "document/bound-body", sentence: "binds the body of the answer to too many requests to be JSON",
		kills: []string{"DOC-4"},
		document: func(name, text string) string {
			switch name {
			case "errors":
				text += "  - {target: \"$.components.responses.TooManyRequests.content['*/*']\", description: None., remove: true}\n"
				return text
			case "dataset", "organization":
				before, after, _ := strings.Cut(text, "    TooManyRequests:\n")
				after = strings.Replace(after, `"*/*": {}`, "", 1)
				after = strings.Replace(after, "content: *content", `content: {application/json: {schema: {$ref: "#/components/schemas/Problem"}}}`, 1)
				return before + "    TooManyRequests:\n" + after
			}
			return text
		},
	},
	{
		name: "document/no-429", sentence: "does not have the answer to too many requests",
		kills: []string{"DOC-4"}, may: []string{"DOC-16", "DOC-17"},
		document: replaced(`"429": {$ref: "#/components/responses/TooManyRequests"}`, "", "dataset", "errors", "organization"),
	},
	{
		name: "document/latitude-demanded", sentence: "takes no event whose latitude is null",
		kills:    []string{"DOC-5"},
		document: replaced("latitude: {type: number, format: double, nullable: true, description", "latitude: {type: number, format: double, description", "dataset", "events"),
	},
	{
		name: "document/limit-always", sentence: "has a client made of it that sends limit=0 where there is none",
		kills: []string{"DOC-6"},
		code: func(g *generated) {
			next := g.request
			g.request = func(server string, params *dataset.GetStreamParams) (*http.Request, error) {
				always := *params
				if always.Limit == nil {
					always.Limit = ptr(int32(0))
				}
				return next(server, &always)
			}
		},
	},
	{
		name: "document/lossy-event", sentence: "has an event made of it that rounds what it does not know",
		kills: []string{"DOC-7"},
		code: func(g *generated) {
			g.event = func(text string) (string, error) {
				var e map[string]any
				if err := json.Unmarshal([]byte(text), &e); err != nil {
					return "", err
				}
				again, err := json.Marshal(e)
				return string(again), err
			}
		},
	},
	{
		name: "document/format-of-one", sentence: "uses a format that one of two validators reads, and the service does not keep",
		kills:    []string{"DOC-8"},
		document: replaced("country: {type: string, nullable: true", "country: {type: string, format: uuid, nullable: true", "dataset", "events", "organization"),
	},
	{
		name: "document/flaw-gone", sentence: "is published anew without a flaw that the ledger has",
		kills:    []string{"DOC-9"},
		document: publishedAnew(replaced("title: Docusign Monitor API", "title: Monitor API", "published")),
	},
	{
		name: "document/idle-action", sentence: "has an overlay that is aimed at what is not there",
		kills: []string{"DOC-10"}, may: []string{"DOC-11", "DOC-12"},
		document: replaced("$.tags[?(@.name=='DataSet')]", "$.tags[?(@.name=='DataSets')]", "tighten"),
	},
	{
		name: "document/needless-action", sentence: "has an overlay that says what the document has already",
		kills:    []string{"DOC-10"},
		document: appended("go", "  - {target: $.info, description: The version., update: {version: v2.0}}\n"),
	},
	{
		name: "document/edited-by-hand", sentence: "says something that neither the publisher nor an overlay says",
		kills:    []string{"DOC-11"},
		document: replaced("x-ds-in-sdk: true", "x-ds-in-sdk: false", "dataset"),
	},
	{
		name: "document/names-on-the-wire", sentence: "changes the wire in the overlay of Go names",
		kills: []string{"DOC-12"},
		document: inTurn(
			replaced("{operationId: getStream}", "{operationId: getStream, deprecated: true}", "go"),
			replaced("      operationId: getStream\n", "      operationId: getStream\n      deprecated: true\n", "dataset")),
	},
	{
		name: "document/another-route", sentence: "gives the server a path whose parameter has another name",
		kills:    []string{"DOC-13"},
		document: replaced("/api/{version}/", "/api/{apiVersion}/", "routing"),
	},
	{
		name: "document/streams-disagree", sentence: "says of one stream another limit than of the other",
		kills:    []string{"DOC-14"},
		document: replaced("default: 1000", "default: 100", "organization"),
	},
	{
		name: "document/field-not-generated", sentence: "has a member that the generated code lacks",
		kills:    []string{"DOC-15"},
		document: replaced("        scope: {type: string", "        refresh_token: {type: string}\n        scope: {type: string", "oauth"),
	},
	{
		name: "document/parameter-not-generated", sentence: "has a parameter that the generated code lacks",
		kills: []string{"DOC-16"},
		document: replaced("        - name: limit\n", "        - {name: sort, in: query, schema: {type: string}}\n        - name: limit\n",
			"organization"),
	},
	{
		name: "document/cited-text-gone", sentence: "lacks a description that clauses cite",
		kills:    []string{"DOC-17"},
		document: replaced("      description: |\n        The assertion is a JWT", "      x-description: |\n        The assertion is a JWT", "oauth"),
	},
	{
		name: "document/published-demands", sentence: "is published anew, and demands a cursor of a page",
		kills: []string{"DOC-18"}, may: []string{"DOC-9", "DOC-11", "DOC-12"},
		document: publishedAnew(replaced("    CursoredResult:\n      type: object\n", "    CursoredResult:\n      type: object\n      required: [endCursor]\n", "published")),
	},
	{
		name: "document/published-narrows", sentence: "is published anew, and takes no page without a member",
		kills:    []string{"DOC-18"},
		document: publishedAnew(replaced("    CursoredResult:\n      type: object\n", "    CursoredResult:\n      type: object\n      minProperties: 1\n", "published", "dataset")),
	},
	{
		name: "document/another-host", sentence: "names a host that the client does not ask",
		kills:    []string{"DOC-19"},
		document: replaced("https://lens-d.docusign.net/", "https://lens-s.docusign.net/", "dataset", "tighten"),
	},
	{
		name: "document/token-for-ever", sentence: "lets a token come without its life",
		kills:    []string{"DOC-20"},
		document: replaced("required: [access_token, token_type, expires_in]", "required: [access_token, token_type]", "oauth"),
	},
	{
		name: "document/any-version", sentence: "has a client made of it that calls any version valid",
		kills: []string{"DOC-21"},
		code:  func(g *generated) { g.knows = func(string, string) bool { return true } },
	},
}

// replaced puts one text for another into documents, wherever it stands in them. It has to.
func replaced(old, with string, in ...string) func(name, text string) string {
	return func(name, text string) string {
		if !slices.Contains(in, name) {
			return text
		}
		if !strings.Contains(text, old) {
			panic(fmt.Sprintf("the defect spoils nothing: the text of %s has no %q", name, old))
		}
		return strings.ReplaceAll(text, old, with)
	}
}

func appended(in, more string) func(name, text string) string {
	return func(name, text string) string {
		if name == in {
			text += more
		}
		return text
	}
}

// publishedAnew spoils the published document, and gives its new hash to the ledger.
func publishedAnew(spoil func(name, text string) string) func(name, text string) string {
	sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	return func(name, text string) string {
		if name == "ledger" {
			return strings.ReplaceAll(text, sum(spec.PublishedDataset), sum(spoil("published", spec.PublishedDataset)))
		}
		return spoil(name, text)
	}
}

// inTurn spoils one document after the other.
func inTurn(all ...func(name, text string) string) func(name, text string) string {
	return func(name, text string) string {
		for _, spoil := range all {
			text = spoil(name, text)
		}
		return text
	}
}
