// Package api reads the security events of an organization from Docusign Monitor: a thin wrapper around the generated
// client that adds what an OpenAPI document cannot say, which is the JWT grant, cursor pagination, retries and pacing.
//
// # Use
//
// A [JWTGrant] says who asks, on whose behalf, and with which key. A [Client] made with it walks the stream page by page:
//
//	grant := api.JWTGrant{IntegrationKey: integrationKey, UserID: userID, PrivateKey: key, Environment: api.Demo}
//	client, err := api.New(api.Demo, grant.TokenSource())
//	…
//	for page, err := range client.Pages(ctx, api.Query{Cursor: saved}) {
//
// [Client.Page] is one request. [Client.Pages] goes on until the stream is caught up, [Client.Follow] until its context
// ends, and [Client.Events] flattens pages. All state of a walk lives in its loop: to range again is to begin again.
//
// # Positions
//
// The page is the unit, since its Next is what a consumer saves: after the events of the page are where they have to be,
// never before. A run that goes on from a saved [Cursor] gets everything after that page and nothing of it, so whoever
// saves after delivery gets each event at least once, and a second time only after a crash between the two. Cursors are
// opaque. No timestamp is one: ingestion lags the events by up to five minutes, so timestamps are out of order.
//
// Without a cursor the stream begins seven days ago. [Query].Since begins at a time instead; the publisher's samples walk
// from a date a year ago to the present, while one integrator documents that a date reaches seven days. A program whose
// walk began at a date, and ended with a newest timestamp long past, asks again from that timestamp.
//
// # Events
//
// An [Event] is its received bytes first: Raw is exact, whatever the event holds. [Event.ID], [Event.Timestamp] and
// [Event.Decode] read them on demand, and an event that does not fit the model is delivered like any other. A page is
// delivered whole or not at all.
//
// # Errors
//
// A request that failed is an [*Error]: status, code, the server's words, what to do, and the trace token for Docusign's
// support. What kind it is, [errors.Is] tells: [ErrConsentRequired], [ErrNotEntitled], [ErrBadCursor] and so on. What may
// pass is tried again within the bounds of [Retry], with the same cursor; what is returned is final.
//
// # Safety
//
// The token goes to the configured hosts alone, over https (http is accepted for loopback addresses). Redirects are not
// followed. No token, key or assertion is in any error, log line or printed value, even if a server
// sends it back. Nothing that a caller hands in is changed.
//
// # Limits
//
// An answer may hold 64 MiB after decompression. Memory is bounded by a page, whatever the length of the stream.
//
// None of this has been run against Docusign itself. What is known of the API, and how well, stands in spec/README.md.
package api
