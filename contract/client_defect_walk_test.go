package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
)

// walkDefects are about loops over pages, and what they hand on.
var walkDefects = []defect{
	{
		name: "client/short-page-ends", sentence: "takes a page with fewer events than the limit that it was given for the end",
		kills: []string{"CLI-CURSOR-1"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return func(yield func(*api.Page, error) bool) {
					for page, err := range next.Pages(ctx, q) {
						if !yield(page, err) || err == nil && len(page.Events) < q.Limit {
							return
						}
					}
				}
			}}
		},
	},
	{
		name: "client/event-dropped", sentence: "loses the second event of a page",
		kills: []string{"CLI-CURSOR-1"},
		may:   []string{"CLI-PAGE-1", "CLI-PAGE-2", "CLI-PAGE-5", "CLI-RETRY-5", "CLI-WALK-6"},
		consumer: deliveringEvents(func(events []api.Event) []api.Event {
			if len(events) > 1 {
				return slices.Delete(events, 1, 2)
			}
			return events
		}),
	},
	{
		name: "client/event-repeated", sentence: "delivers the first event of a page twice",
		kills: []string{"CLI-CURSOR-1"},
		may:   []string{"CLI-CURSOR-2", "CLI-FOLLOW-1", "CLI-FOLLOW-2", "CLI-FOLLOW-4", "CLI-GROWTH-1", "CLI-PAGE-1", "CLI-PAGE-2", "CLI-PAGE-4", "CLI-PAGE-5", "CLI-PAGE-7", "CLI-PAGE-9", "CLI-PAGE-10", "CLI-RETRY-1", "CLI-RETRY-4", "CLI-RETRY-5", "CLI-RETRY-6", "CLI-RETRY-11", "CLI-WALK-6"},
		consumer: deliveringEvents(func(events []api.Event) []api.Event {
			if len(events) > 0 {
				return slices.Insert(events, 0, events[0])
			}
			return events
		}),
	},
	{
		name: "client/circle-unnoticed", sentence: "walks in a circle",
		kills:  []string{"CLI-CURSOR-3"},
		client: circling,
	},
	{
		name: "client/empty-for-ever", sentence: "asks on and on while pages are empty",
		kills: []string{"CLI-CURSOR-4"},
		may:   []string{"CLI-WALK-3"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return afterError(next.Pages(ctx, q), api.ErrNotCaughtUp, func() pages { return next.Pages(ctx, q) })
			}}
		},
	},
	{
		name: "client/gives-up-in-silence", sentence: "does not say that it gives up after ten empty pages",
		kills: []string{"CLI-CURSOR-4"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return afterError(next.Pages(ctx, q), api.ErrNotCaughtUp, func() pages { return func(func(*api.Page, error) bool) {} })
			}}
		},
	},
	{
		name: "client/second-range-elsewhere", sentence: "goes on where it was when a walk is ranged over again",
		kills: []string{"CLI-WALK-1"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return func(yield func(*api.Page, error) bool) {
					for page, err := range next.Pages(ctx, q) {
						if err == nil {
							q = api.Query{Cursor: page.Next, Limit: q.Limit}
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
		name: "client/fetches-ahead", sentence: "asks for one more page when the loop has been left",
		kills: []string{"CLI-WALK-2"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return func(yield func(*api.Page, error) bool) {
					for page, err := range next.Pages(ctx, q) {
						if !yield(page, err) {
							if err == nil {
								next.Page(ctx, api.Query{Cursor: page.Next, Limit: q.Limit})
							}
							return
						}
					}
				}
			}}
		},
	},
	{
		name: "client/empty-pause-fixed", sentence: "waits no longer after the ninth empty page in a row than after the third",
		kills: []string{"CLI-WALK-3"},
		made: func(h *hostile) {
			wait := h.retry.Wait
			h.retry.Wait = func(ctx context.Context, d time.Duration) error {
				for doubled := 2 * time.Second; doubled < time.Minute; doubled *= 2 {
					if d == doubled {
						d = time.Second
					}
				}
				return wait(ctx, d)
			}
		},
	},
	{
		name: "client/page-is-two", sentence: "fetches two pages where the one after a cursor is asked for",
		kills: []string{"CLI-WALK-4"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, page: func(ctx context.Context, q api.Query) (*api.Page, error) {
				page, err := next.Page(ctx, q)
				if err == nil && q.Cursor != "" {
					next.Page(ctx, api.Query{Cursor: page.Next, Limit: q.Limit})
				}
				return page, err
			}}
		},
	},
	{
		name: "client/events-of-first-page", sentence: "gives the events of the first page alone",
		kills: []string{"CLI-WALK-5"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, events: func(ctx context.Context, q api.Query) iter.Seq2[api.Event, error] {
				return func(yield func(api.Event, error) bool) {
					page, err := next.Page(ctx, q)
					if err != nil {
						yield(api.Event{}, err)
						return
					}
					for _, event := range page.Events {
						if !yield(event, nil) {
							return
						}
					}
				}
			}}
		},
	},
	{
		name: "client/duplicates-dropped", sentence: "leaves out an event that it had in the page before",
		kills: []string{"CLI-WALK-6"},
		consumer: walking(func(p pages) pages {
			return func(yield func(*api.Page, error) bool) {
				var before []api.Event
				for page, err := range p {
					if err == nil {
						copied := *page
						copied.Events = slices.DeleteFunc(slices.Clone(page.Events), func(e api.Event) bool {
							return slices.ContainsFunc(before, func(old api.Event) bool { return bytes.Equal(old.Raw, e.Raw) })
						})
						before, page = page.Events, &copied
					}
					if !yield(page, err) {
						return
					}
				}
			}
		}),
	},
	{
		name: "client/limit-bent", sentence: "bends a limit that is out of bounds, and asks",
		kills: []string{"CLI-WALK-7"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				q.Limit = min(max(q.Limit, 0), api.MaxLimit)
				return next.Pages(ctx, q)
			}}
		},
	},
	{
		name: "client/left-behind", sentence: "leaves a goroutine behind when a walk is cancelled",
		kills: []string{"CLI-WALK-8"},
		consumer: erring(func(h *hostile, err error) error {
			go func() { <-context.WithoutCancel(context.Background()).Done() }() // for ever
			return err
		}),
	},
	{
		name: "client/cancel-unnamed", sentence: "ends a walk that is cancelled with an error of its own",
		kills:    []string{"CLI-WALK-8"},
		may:      []string{"CLI-CALLER-3"},
		consumer: erring(func(_ *hostile, err error) error { return unmatched(err, context.Canceled) }),
	},
}

// circling hides from the client that a cursor has been there before in its walk, by giving it another name.
func circling(next http.RoundTripper) http.RoundTripper {
	const again = "~again"
	seen := map[string]bool{}
	hiding := reading200(ofPage, func(sent *http.Request, body []byte, err error) ([]byte, error) {
		if err != nil || !json.Valid(body) { // comes again by itself
			return body, err
		}
		end, cursor := endOf(body), sent.URL.Query().Get("cursor")
		if cursor == "" {
			clear(seen)
		}
		if seen[end] && end != cursor {
			body = bytes.Replace(body, []byte(`"`+end+`"`), []byte(`"`+end+again+`"`), 1)
		}
		seen[end] = true
		return body, err
	})(next)
	return asking(func(query url.Values) {
		if query.Has("cursor") {
			query.Set("cursor", strings.TrimSuffix(query.Get("cursor"), again))
		}
	})(hiding)
}
