package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/gen/dataset"
)

// answerDefects are what a client may make of the answers that it gets.
var answerDefects = []defect{
	{
		name: "client/cut-page-taken", sentence: "takes of a page that is cut off what has come of it",
		kills: []string{"CLI-PAGE-1"},
		may:   []string{"CLI-PAGE-3", "CLI-RETRY-11"},
		client: reading200(ofPage, func(sent *http.Request, body []byte, err error) ([]byte, error) {
			if end := endOf(body); end != "" && (err != nil || !json.Valid(body)) {
				return emptyPage(end), nil
			}
			return body, err
		}),
	},
	{
		name: "client/nothing-taken", sentence: "takes an answer without a body for the end",
		kills: []string{"CLI-PAGE-1"},
		client: reading200(ofPage, func(sent *http.Request, body []byte, err error) ([]byte, error) {
			if len(body) == 0 && err == nil {
				return emptyPage(sent.URL.Query().Get("cursor")), nil
			}
			return body, err
		}),
	},
	{
		name: "client/compacted", sentence: "takes the spaces out of an event",
		kills: []string{"CLI-PAGE-2"},
		may:   []string{"CLI-GROWTH-1"},
		consumer: deliveringEvents(func(events []api.Event) []api.Event {
			return rewriting(events, func(raw []byte) []byte {
				var compact bytes.Buffer
				if json.Compact(&compact, raw) != nil {
					return raw
				}
				return compact.Bytes()
			})
		}),
	},
	{
		name: "client/numbers-rounded", sentence: "decodes an event and encodes it again",
		kills: []string{"CLI-PAGE-2"},
		may:   []string{"CLI-GROWTH-1"},
		consumer: deliveringEvents(func(events []api.Event) []api.Event {
			return rewriting(events, func(raw []byte) []byte {
				var value any
				if json.Unmarshal(raw, &value) != nil {
					return raw
				}
				again, _ := json.Marshal(value)
				return again
			})
		}),
	},
	{
		name: "client/odd-event-dropped", sentence: "leaves out an event that it cannot decode",
		kills: []string{"CLI-PAGE-5"},
		consumer: deliveringEvents(func(events []api.Event) []api.Event {
			return slices.DeleteFunc(events, func(e api.Event) bool {
				_, err := e.Decode()
				return err != nil
			})
		}),
	},
	{
		name: "client/unknown-fields-dropped", sentence: "delivers of an event the fields that it knows",
		kills: []string{"CLI-GROWTH-1"},
		may:   []string{"CLI-PAGE-2"},
		consumer: deliveringEvents(func(events []api.Event) []api.Event {
			return rewriting(events, func(raw []byte) []byte {
				var e dataset.Event
				if json.Unmarshal(raw, &e) != nil {
					return raw
				}
				e.AdditionalProperties = nil
				known, _ := json.Marshal(e)
				if string(known) == "{}" { // an event of which nothing is left would show everywhere
					return raw
				}
				return known
			})
		}),
	},
	{
		name: "client/unknown-member-of-page-refused", sentence: "refuses a page with a member that it does not know",
		kills: []string{"CLI-GROWTH-1"},
		client: reading200(ofPage, func(_ *http.Request, body []byte, err error) ([]byte, error) {
			var page struct {
				EndCursor        any
				Data, ResultData any
			}
			decoder := json.NewDecoder(bytes.NewReader(body))
			decoder.DisallowUnknownFields()
			if refusal := decoder.Decode(&page); refusal != nil && strings.Contains(refusal.Error(), "unknown field") {
				return []byte("null"), err
			}
			return body, err
		}),
	},
	{
		name: "client/html-taken", sentence: "takes a page that is no JSON for an empty one",
		kills: []string{"CLI-PAGE-3"},
		client: reading200(ofPage, func(sent *http.Request, body []byte, err error) ([]byte, error) {
			if bytes.HasPrefix(body, []byte("<")) {
				return emptyPage(sent.URL.Query().Get("cursor") + "x"), err
			}
			return body, err
		}),
	},
	{
		name: "client/other-array-taken", sentence: "takes the array of the other stream",
		kills: []string{"CLI-PAGE-3"},
		client: reading200(ofPage, func(sent *http.Request, body []byte, err error) ([]byte, error) {
			if strings.Contains(sent.URL.Path, "/datasets/") {
				return bytes.Replace(body, []byte(`"resultData"`), []byte(`"data"`), 1), err
			}
			return bytes.Replace(body, []byte(`"data":[`), []byte(`"resultData":[`), 1), err
		}),
	},
	{
		name: "client/trailing-bytes-taken", sentence: "reads the first value of a page and no further",
		kills: []string{"CLI-PAGE-3"},
		may:   []string{"CLI-PAGE-8"},
		client: reading200(ofPage, func(_ *http.Request, body []byte, err error) ([]byte, error) {
			var first json.RawMessage
			if json.NewDecoder(bytes.NewReader(body)).Decode(&first) != nil {
				return body, err
			}
			return first, err
		}),
	},
	{
		name: "client/last-page-unread", sentence: "discards the page that ends the stream",
		kills: []string{"CLI-PAGE-4"},
		consumer: func(h *hostile, next consumer) consumer {
			unread := delivering(func(p *api.Page) *api.Page {
				if p.CaughtUp {
					p.Events = nil
				}
				return p
			})(h, next)
			return spoiltClient{consumer: next, pages: unread.Pages}
		},
	},
	{
		name: "client/any-success-taken", sentence: "takes a page from any status below 400",
		kills: []string{"CLI-PAGE-6"},
		client: answering(ofPage, func(res *http.Response) {
			if res.StatusCode > 200 && res.StatusCode < 301 {
				res.StatusCode, res.Status = http.StatusOK, "200 OK"
			}
		}),
	},
	{
		name: "client/gzip-unread", sentence: "asks for gzip and does not decode it",
		kills: []string{"CLI-PAGE-7"},
		client: func(next http.RoundTripper) http.RoundTripper {
			return tripper(func(r *http.Request) (*http.Response, error) {
				res, err := next.RoundTrip(r)
				if err == nil && ofPage(r) && res.Uncompressed {
					res.Body = &rewritten{body: res.Body, change: func(body []byte, err error) ([]byte, error) {
						if err == nil {
							body = []byte(compressed(reply{body: string(body)}).body)
						}
						return body, err
					}}
				}
				return res, err
			})
		},
	},
	{
		name: "client/vast-page-taken", sentence: "takes a page of any size",
		kills: []string{"CLI-PAGE-8"},
		client: func(next http.RoundTripper) http.RoundTripper {
			return tripper(func(r *http.Request) (*http.Response, error) {
				res, err := next.RoundTrip(r)
				if err == nil && ofPage(r) && res.StatusCode == http.StatusOK {
					res.Body = &trimmed{ReadCloser: res.Body}
				}
				return res, err
			})
		},
	},
	{
		name: "client/null-refused", sentence: "refuses null in the place of the events",
		kills: []string{"CLI-PAGE-9"},
		client: reading200(ofPage, func(_ *http.Request, body []byte, err error) ([]byte, error) {
			return regexp.MustCompile(`"(data|resultData)":null`).ReplaceAll(body, []byte(`"$1":0`)), err
		}),
	},
	{
		name: "client/problem-taken", sentence: "takes a problem that comes with 200 for an empty page",
		kills: []string{"CLI-PAGE-10"},
		client: reading200(ofPage, func(sent *http.Request, body []byte, err error) ([]byte, error) {
			if bytes.Contains(body, []byte(`"type":"about:blank"`)) {
				return emptyPage(sent.URL.Query().Get("cursor")), err
			}
			return body, err
		}),
	},
	{
		name: "client/cursor-made-up", sentence: "goes on from the cursor that it has sent when a page has none",
		kills: []string{"CLI-CURSOR-2"},
		client: reading200(ofPage, func(sent *http.Request, body []byte, err error) ([]byte, error) {
			if bytes.Contains(body, []byte(`ata":[`)) && endOf(body) == "" {
				return emptyPage(sent.URL.Query().Get("cursor")), err
			}
			return body, err
		}),
	},
	{
		name: "client/silent-refusal", sentence: "throws the body of a refusal away",
		kills: []string{"CLI-ERROR-1"},
		may:   []string{"CLI-RETRY-1", "CLI-RETRY-9"},
		client: answering(ofPage, func(res *http.Response) {
			if res.StatusCode >= 400 {
				res.Body.Close()
				res.Body, res.ContentLength = http.NoBody, 0
			}
		}),
	},
	{
		name: "client/trace-token-lost", sentence: "throws the trace token of a refusal away",
		kills:  []string{"CLI-ERROR-1"},
		client: answering(ofAny, func(res *http.Response) { res.Header.Del("X-DocuSign-TraceToken") }),
	},
	{
		name: "client/entitlement-unnamed", sentence: "knows a lack of entitlement by its words alone",
		kills: []string{"CLI-ERROR-2"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return func(yield func(*api.Page, error) bool) {
					for page, err := range next.Pages(ctx, q) {
						var e *api.Error
						if errors.Is(err, api.ErrNotEntitled) && errors.As(err, &e) && e.Code+e.Message == "" {
							unnamed := *e
							unnamed.Err = nil
							err = &unnamed
						}
						if !yield(page, err) {
							return
						}
					}
				}
			}}
		},
	},
	{
		name: "client/begins-anew", sentence: "begins anew when its cursor is refused",
		kills: []string{"CLI-ERROR-3"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return afterError(next.Pages(ctx, q), api.ErrBadCursor, func() pages { return next.Pages(ctx, api.Query{Limit: q.Limit}) })
			}}
		},
	},
}

// rewriting changes the bytes of events.
func rewriting(events []api.Event, change func([]byte) []byte) []api.Event {
	for i := range events {
		events[i] = api.Event{Raw: change(events[i].Raw)}
	}
	return events
}

var cursorMember = regexp.MustCompile(`"endCursor": ?"([^"]+)"`)

// endOf is the endCursor of a page, however much there is of it.
func endOf(body []byte) string {
	if found := cursorMember.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

// emptyPage is one of either stream.
func emptyPage(cursor string) []byte {
	return fmt.Appendf(nil, `{"endCursor":%q,"data":[],"resultData":[]}`, cursor)
}

// trimmed is a body without the blanks that it begins with.
type trimmed struct {
	io.ReadCloser
	begun bool
}

func (b *trimmed) Read(p []byte) (int, error) {
	for {
		n, err := b.ReadCloser.Read(p)
		if b.begun || n == 0 {
			return n, err
		}
		if rest := bytes.TrimLeft(p[:n], " "); len(rest) > 0 {
			b.begun = true
			return copy(p, rest), err
		}
		if err != nil {
			return 0, err
		}
	}
}

// rewrite changes the body of an answer.
func rewrite(res *http.Response, old, with string) {
	body, cut := io.ReadAll(res.Body)
	res.Body.Close()
	body = bytes.ReplaceAll(body, []byte(old), []byte(with))
	res.Body, res.ContentLength = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{cut})), -1
	res.Header.Del("Content-Length")
}

// unmatched is an error that is no longer of a kind.
func unmatched(err, kind error) error {
	if errors.Is(err, kind) {
		return errors.New(err.Error())
	}
	return err
}

// afterError goes on with other pages where a walk would end by an error of a kind.
func afterError(first pages, kind error, then func() pages) pages {
	return func(yield func(*api.Page, error) bool) {
		for page, err := range first {
			if errors.Is(err, kind) {
				then()(yield)
				return
			}
			if !yield(page, err) {
				return
			}
		}
	}
}
