package contract_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
)

// clientDefects are breaches of a client. Each spoils one thing: the requests before they are judged, the answers before
// the client reads them, what the client is made of, or what it hands on.
var clientDefects = slices.Concat(requestDefects, answerDefects, retryDefects, tokenDefects, secretDefects, walkDefects)

// spoiltClient is a client some of whose methods are others.
type spoiltClient struct {
	consumer
	page          func(context.Context, api.Query) (*api.Page, error)
	pages         func(context.Context, api.Query) iter.Seq2[*api.Page, error]
	follow        func(context.Context, api.Query, time.Duration) iter.Seq2[*api.Page, error]
	events        func(context.Context, api.Query) iter.Seq2[api.Event, error]
	organizations func(context.Context) ([]api.Organization, error)
}

func (c spoiltClient) Page(ctx context.Context, q api.Query) (*api.Page, error) {
	if c.page == nil {
		return c.consumer.Page(ctx, q)
	}
	return c.page(ctx, q)
}

func (c spoiltClient) Pages(ctx context.Context, q api.Query) iter.Seq2[*api.Page, error] {
	if c.pages == nil {
		return c.consumer.Pages(ctx, q)
	}
	return c.pages(ctx, q)
}

func (c spoiltClient) Follow(ctx context.Context, q api.Query, interval time.Duration) iter.Seq2[*api.Page, error] {
	if c.follow == nil {
		return c.consumer.Follow(ctx, q, interval)
	}
	return c.follow(ctx, q, interval)
}

func (c spoiltClient) Events(ctx context.Context, q api.Query) iter.Seq2[api.Event, error] {
	if c.events == nil {
		return c.consumer.Events(ctx, q)
	}
	return c.events(ctx, q)
}

func (c spoiltClient) Organizations(ctx context.Context) ([]api.Organization, error) {
	if c.organizations == nil {
		return c.consumer.Organizations(ctx)
	}
	return c.organizations(ctx)
}

type pages = iter.Seq2[*api.Page, error]

// delivering changes the pages that a client hands on, in a walk of either kind.
func delivering(change func(*api.Page) *api.Page) func(*hostile, consumer) consumer {
	return walking(func(next pages) pages {
		return func(yield func(*api.Page, error) bool) {
			for page, err := range next {
				if err == nil {
					copied := *page
					page = change(&copied)
				}
				if !yield(page, err) {
					return
				}
			}
		}
	})
}

// deliveringEvents changes the events of each page.
func deliveringEvents(change func([]api.Event) []api.Event) func(*hostile, consumer) consumer {
	return delivering(func(p *api.Page) *api.Page {
		p.Events = change(slices.Clone(p.Events))
		return p
	})
}

// walking changes a walk of either kind.
func walking(change func(pages) pages) func(*hostile, consumer) consumer {
	return func(_ *hostile, next consumer) consumer {
		return spoiltClient{
			consumer: next,
			pages:    func(ctx context.Context, q api.Query) pages { return change(next.Pages(ctx, q)) },
			follow: func(ctx context.Context, q api.Query, interval time.Duration) pages {
				return change(next.Follow(ctx, q, interval))
			},
		}
	}
}

// erring changes the errors of a walk.
func erring(change func(h *hostile, err error) error) func(*hostile, consumer) consumer {
	return func(h *hostile, next consumer) consumer {
		return walking(func(p pages) pages {
			return func(yield func(*api.Page, error) bool) {
				for page, err := range p {
					if err != nil {
						err = change(h, err)
					}
					if !yield(page, err) {
						return
					}
				}
			}
		})(h, next)
	}
}

func ofToken(r *http.Request) bool    { return strings.HasSuffix(r.URL.Path, "/oauth/token") }
func ofUserInfo(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/oauth/userinfo") }
func ofPage(r *http.Request) bool     { return !ofToken(r) && !ofUserInfo(r) }
func ofAny(*http.Request) bool        { return true }

// sending changes requests before they are judged.
func sending(of func(*http.Request) bool, change func(r *http.Request)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			if of(r) {
				r = r.Clone(r.Context())
				change(r)
			}
			return next.RoundTrip(r)
		})
	}
}

// asking changes the query of the requests for pages.
func asking(change func(query url.Values)) func(http.RoundTripper) http.RoundTripper {
	return sending(ofPage, func(r *http.Request) {
		query := r.URL.Query()
		change(query)
		r.URL.RawQuery = query.Encode()
	})
}

// granting changes the form of the requests for tokens.
func granting(change func(form url.Values)) func(http.RoundTripper) http.RoundTripper {
	return sending(ofToken, func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		form, _ := url.ParseQuery(string(body))
		change(form)
		text := form.Encode()
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	})
}

// answering changes answers before the client has them, by their status and headers.
func answering(of func(*http.Request) bool, change func(res *http.Response)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err == nil && of(r) {
				change(res)
			}
			return res, err
		})
	}
}

// reading200 changes the bodies of answers with 200 when they are read.
func reading200(of func(*http.Request) bool, change func(sent *http.Request, body []byte, err error) ([]byte, error)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err == nil && of(r) && res.StatusCode == http.StatusOK {
				res.Body = &rewritten{body: res.Body, change: func(body []byte, err error) ([]byte, error) { return change(r, body, err) }}
				res.Header.Del("Content-Length")
				res.ContentLength = -1
			}
			return res, err
		})
	}
}

// rewritten is a body that is another one. The other comes when the last of the first has come; until then there is a blank
// for each part of it, which JSON allows before a value, so that a slow answer does not look like a silent one.
type rewritten struct {
	body   io.ReadCloser
	change func([]byte, error) ([]byte, error)
	all    []byte
	now    io.Reader
}

func (b *rewritten) Read(p []byte) (int, error) {
	if b.now != nil {
		return b.now.Read(p)
	}
	n, err := b.body.Read(p)
	b.all = append(b.all, p[:n]...)
	if err == nil {
		return copy(p, " "), nil
	}
	if err == io.EOF {
		err = nil
	}
	body, err := b.change(b.all, err)
	b.now = io.MultiReader(bytes.NewReader(body), failing{err})
	return b.now.Read(p)
}

func (b *rewritten) Close() error { return b.body.Close() }

// refused is an answer that no client tries again.
func refused(r *http.Request) *http.Response {
	return &http.Response{
		Status: "404 Not Found", StatusCode: http.StatusNotFound, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}
}
