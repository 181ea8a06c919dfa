package contract_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
)

// retryDefects are about what a client tries again, how long it waits, and when it gives up.
var retryDefects = []defect{
	{
		name: "client/refusal-repeated", sentence: "repeats a request that was refused for good",
		kills: []string{"CLI-ERROR-4"},
		client: func(next http.RoundTripper) http.RoundTripper {
			return tripper(func(r *http.Request) (*http.Response, error) {
				res, err := next.RoundTrip(r)
				if err == nil && ofPage(r) && res.StatusCode == http.StatusMethodNotAllowed {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
					return next.RoundTrip(r.Clone(r.Context()))
				}
				return res, err
			})
		},
	},
	{
		name: "client/503-final", sentence: "takes a 503 for final",
		kills:  []string{"CLI-RETRY-1"},
		may:    []string{"CLI-CALLER-2", "CLI-FOLLOW-2", "CLI-RETRY-3", "CLI-RETRY-9", "CLI-SECRET-6", "CLI-WALK-8"},
		client: renumbering(http.StatusServiceUnavailable, http.StatusNotFound),
	},
	{
		name: "client/429-final", sentence: "takes a 429 for final",
		kills:  []string{"CLI-RETRY-1"},
		may:    []string{"CLI-RETRY-2", "CLI-RETRY-8", "CLI-RETRY-12"},
		client: renumbering(http.StatusTooManyRequests, http.StatusNotFound),
	},
	{
		name: "client/place-lost", sentence: "begins anew after a failure",
		kills: []string{"CLI-RETRY-1"},
		client: func(next http.RoundTripper) http.RoundTripper {
			failed := false
			return tripper(func(r *http.Request) (*http.Response, error) {
				if failed && ofPage(r) {
					query := r.URL.Query()
					query.Del("cursor")
					r = r.Clone(r.Context())
					r.URL.RawQuery = query.Encode()
				}
				res, err := next.RoundTrip(r)
				failed = err == nil && res.StatusCode >= 500
				return res, err
			})
		},
	},
	{
		name: "client/waits-ignored", sentence: "does not wait as long as the server asks for",
		kills: []string{"CLI-RETRY-2"},
		may:   []string{"CLI-RETRY-8", "CLI-RETRY-12"},
		client: answering(ofAny, func(res *http.Response) {
			for _, name := range []string{"Retry-After", "X-RateLimit-Reset", "X-BurstLimit-Remaining"} {
				res.Header.Del(name)
			}
		}),
	},
	{
		name: "client/date-in-local-clock", sentence: "reads the date until which it is to wait by its own clock",
		kills:  []string{"CLI-RETRY-2"},
		client: answering(ofAny, func(res *http.Response) { res.Header.Del("Date") }),
	},
	{
		name: "client/never-gives-up", sentence: "never gives up",
		kills: []string{"CLI-RETRY-3"},
		made:  func(h *hostile) { h.retry.Outage = 1000 * time.Hour },
	},
	{
		name: "client/silence-is-final", sentence: "takes an answer that does not come for a refusal",
		kills:  []string{"CLI-RETRY-4"},
		may:    []string{"CLI-RETRY-6", "CLI-RETRY-11", "CLI-WALK-8"},
		client: refusingErrors(func(error) bool { return true }),
	},
	{
		name: "client/end-is-final", sentence: "gives up when a connection ends in place of an answer",
		kills:  []string{"CLI-RETRY-4"},
		client: refusingErrors(func(err error) bool { return errors.Is(err, io.EOF) }),
	},
	{
		name: "client/slow-is-silent", sentence: "waits for the whole of an answer, and takes a slow one for none",
		kills: []string{"CLI-RETRY-5"},
		client: func(next http.RoundTripper) http.RoundTripper {
			return tripper(func(r *http.Request) (*http.Response, error) {
				res, err := next.RoundTrip(r)
				if err == nil && ofPage(r) {
					body, cut := io.ReadAll(res.Body)
					res.Body.Close()
					res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{cut}))
				}
				return res, err
			})
		},
	},
	{
		name: "client/goaway-is-final", sentence: "gives up when an HTTP/2 server goes away",
		kills:  []string{"CLI-RETRY-6"},
		client: refusingErrors(func(err error) bool { return strings.Contains(err.Error(), "GOAWAY") }),
	},
	{
		name: "client/unreachable-for-minutes", sentence: "tries a host that it has never reached for five minutes",
		kills: []string{"CLI-RETRY-7"},
		made:  func(h *hostile) { h.retry.Connect = 5 * time.Minute },
	},
	{
		name: "client/waits-for-a-day", sentence: "makes any wait that the server asks for",
		kills: []string{"CLI-RETRY-8"},
		may:   []string{"CLI-RETRY-12"},
		made:  func(h *hostile) { h.retry.Limit = 24 * time.Hour },
	},
	{
		name: "client/waits-bent", sentence: "waits for an hour when it is asked to wait for more",
		kills: []string{"CLI-RETRY-8"},
		client: answering(ofPage, func(res *http.Response) {
			if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && after > 3600 {
				res.Header.Set("Retry-After", "3600")
			}
		}),
	},
	{
		name: "client/attempts-uncounted", sentence: "does not say how often it has tried",
		kills: []string{"CLI-RETRY-9"},
		consumer: erring(func(_ *hostile, err error) error {
			var e *api.Error
			if errors.As(err, &e) {
				copied := *e
				copied.Attempts = 1
				return &copied
			}
			return err
		}),
	},
	{
		name: "client/token-failure-final", sentence: "asks once for a token, and never again after a failure",
		kills: []string{"CLI-RETRY-10"},
		client: answering(ofToken, func(res *http.Response) {
			if res.StatusCode >= 429 {
				res.StatusCode, res.Status = http.StatusNotFound, "404 Not Found"
			}
		}),
	},
	{
		name: "client/reset-is-final", sentence: "gives up when a stream of HTTP/2 is reset within an answer",
		kills: []string{"CLI-RETRY-11"},
		client: func(next http.RoundTripper) http.RoundTripper {
			return tripper(func(r *http.Request) (*http.Response, error) {
				res, err := next.RoundTrip(r)
				if err != nil || !ofPage(r) || res.ProtoMajor != 2 {
					return res, err
				}
				body, cut := io.ReadAll(res.Body)
				res.Body.Close()
				if cut != nil {
					return refused(r), nil
				}
				res.Body = io.NopCloser(bytes.NewReader(body))
				return res, nil
			})
		},
	},
	{
		name: "client/announced-waits-are-outage", sentence: "gives up when the waits that the server asks for last half an hour",
		kills: []string{"CLI-RETRY-12"},
		made:  func(h *hostile) { h.retry.Limit = 30 * time.Minute },
	},
	{
		name: "client/limit-as-400-final", sentence: "takes a limit that comes as a 400 for final",
		kills: []string{"CLI-RETRY-1"},
		client: answering(ofPage, func(res *http.Response) {
			if res.StatusCode == http.StatusBadRequest {
				rewrite(res, "LIMIT_EXCEEDED", "LIMIT")
			}
		}),
	},
	{
		name: "client/userinfo-once", sentence: "asks userinfo once, and never again after a failure",
		kills: []string{"CLI-TOKEN-11"},
		client: answering(ofUserInfo, func(res *http.Response) {
			if res.StatusCode != http.StatusOK {
				res.StatusCode, res.Status = http.StatusNotFound, "404 Not Found"
			}
		}),
	},
	{
		name: "client/polls-twice-as-often", sentence: "polls twice as often as it is told to",
		kills: []string{"CLI-FOLLOW-1"},
		made: func(h *hostile) {
			wait := h.retry.Wait
			h.retry.Wait = func(ctx context.Context, d time.Duration) error {
				if ctx.Value(following{}) != nil && d >= time.Minute {
					d /= 2
				}
				return wait(ctx, d)
			}
		},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, follow: func(ctx context.Context, q api.Query, interval time.Duration) pages {
				return next.Follow(context.WithValue(ctx, following{}, true), q, interval)
			}}
		},
	},
	{
		name: "client/follower-gives-up", sentence: "gives up after fifty failures in a row, though it follows",
		kills: []string{"CLI-FOLLOW-2"},
		client: func(next http.RoundTripper) http.RoundTripper {
			failures := 0
			return answering(ofPage, func(res *http.Response) {
				if failures++; res.StatusCode != http.StatusServiceUnavailable {
					failures = 0
				}
				if failures > 50 {
					res.StatusCode, res.Status = http.StatusNotFound, "404 Not Found"
				}
			})(next)
		},
	},
	{
		name: "client/follows-in-spite", sentence: "goes on following after a refusal that is final",
		kills: []string{"CLI-FOLLOW-3"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, follow: func(ctx context.Context, q api.Query, interval time.Duration) pages {
				again := func() pages { return next.Follow(ctx, q, interval) }
				return afterError(afterError(again(), api.ErrBadCursor, again), api.ErrNotEntitled, again)
			}}
		},
	},
	{
		name: "client/follower-begins-anew", sentence: "begins anew at the poll that comes after ten empty pages",
		kills: []string{"CLI-FOLLOW-4"},
		client: func(next http.RoundTripper) http.RoundTripper {
			n := 0
			return tripper(func(r *http.Request) (*http.Response, error) {
				if ofPage(r) {
					if n++; n == 11 {
						query := r.URL.Query()
						query.Del("cursor")
						r = r.Clone(r.Context())
						r.URL.RawQuery = query.Encode()
					}
				}
				return next.RoundTrip(r)
			})
		},
	},
	{
		name: "client/any-interval", sentence: "takes an interval that is too short, and says nothing",
		kills: []string{"CLI-FOLLOW-5"},
		consumer: walking(func(p pages) pages {
			return func(yield func(*api.Page, error) bool) {
				for page, err := range p {
					if err != nil && strings.Contains(err.Error(), "59s") {
						return
					}
					if !yield(page, err) {
						return
					}
				}
			}
		}),
	},
}

// following marks the context of a follower.
type following struct{}

// renumbering gives a page's answer another status.
func renumbering(from, to int) func(http.RoundTripper) http.RoundTripper {
	return answering(ofPage, func(res *http.Response) {
		if res.StatusCode == from {
			res.StatusCode, res.Status = to, http.StatusText(to)
		}
	})
}

// refusingErrors makes a refusal of an error that a page has in the place of an answer.
func refusingErrors(of func(error) bool) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err != nil && ofPage(r) && of(err) {
				return refused(r), nil
			}
			return res, err
		})
	}
}
