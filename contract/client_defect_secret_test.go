package contract_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
)

// secretDefects are about what nobody may read, and about what belongs to the caller.
var secretDefects = []defect{
	{
		name: "client/redirect-followed", sentence: "follows a redirect to another origin, with its token",
		kills: []string{"CLI-SECRET-1"},
		client: func(next http.RoundTripper) http.RoundTripper {
			return tripper(func(r *http.Request) (*http.Response, error) {
				res, err := next.RoundTrip(r)
				if err != nil || !strings.HasSuffix(res.Header.Get("Location"), "/elsewhere") {
					return res, err
				}
				res.Body.Close()
				away, err := http.NewRequestWithContext(r.Context(), http.MethodGet, res.Header.Get("Location"), nil)
				if err != nil {
					return nil, err
				}
				away.Header = r.Header.Clone()
				return http.DefaultTransport.RoundTrip(away)
			})
		},
	},
	{
		name: "client/token-in-error", sentence: "shows its token in an error",
		kills: []string{"CLI-SECRET-2"},
		consumer: erring(func(h *hostile, err error) error {
			return fmt.Errorf("%w (Authorization: Bearer %s)", err, h.bearer(1))
		}),
	},
	{
		name: "client/assertion-in-error", sentence: "shows its assertion in an error of the token endpoint",
		kills: []string{"CLI-SECRET-3"},
		consumer: erring(func(h *hostile, err error) error {
			if len(h.grants) == 0 {
				return err
			}
			return fmt.Errorf("%w: assertion %s", err, h.grants[0].form.Get("assertion"))
		}),
	},
	{
		name: "client/in-the-clear", sentence: "sends in the clear to any address",
		kills: []string{"CLI-SECRET-4"},
		made: func(h *hostile) {
			for _, url := range []*string{&h.grant.Environment.AuthURL, &h.grant.Environment.DatasetURL, &h.grant.Environment.OrganizationURL} {
				if strings.HasPrefix(*url, "http://") {
					*url = h.server.URL
				}
			}
		},
	},
	{
		name: "client/token-printed", sentence: "shows its token when it is printed",
		kills: []string{"CLI-SECRET-5"},
		consumer: func(h *hostile, next consumer) consumer {
			return struct {
				consumer
				Token string
			}{next, h.bearer(1)}
		},
	},
	{
		name: "client/token-logged", sentence: "logs its token",
		kills: []string{"CLI-SECRET-6"},
		made: func(h *hostile) {
			next := h.given.Transport
			h.given.Transport = tripper(func(r *http.Request) (*http.Response, error) {
				if h.logger != nil {
					h.logger.Debug("request", "authorization", r.Header.Get("Authorization"))
				}
				return next.RoundTrip(r)
			})
		},
		may: []string{"CLI-CALLER-1"},
	},
	{
		name: "client/cursor-logged", sentence: "logs its cursors",
		kills: []string{"CLI-SECRET-6"},
		consumer: func(h *hostile, next consumer) consumer {
			return delivering(func(p *api.Page) *api.Page {
				if h.logger != nil {
					h.logger.Info("page", "cursor", string(p.Next))
				}
				return p
			})(h, next)
		},
	},
	{
		name: "client/callers-client-changed", sentence: "sets the timeout of the client that its caller hands in",
		kills: []string{"CLI-CALLER-1"},
		made:  func(h *hostile) { h.given.Timeout = time.Hour },
	},
	{
		name: "client/default-logger", sentence: "logs to the default logger",
		kills: []string{"CLI-CALLER-2"},
		made: func(h *hostile) {
			if h.logger == nil {
				h.logger = slog.Default()
			}
		},
	},
	{
		name: "client/context-ignored", sentence: "begins to ask although its caller's context has ended",
		kills: []string{"CLI-CALLER-3"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, pages: func(ctx context.Context, q api.Query) pages {
				return next.Pages(context.WithoutCancel(ctx), q)
			}}
		},
	},
}
