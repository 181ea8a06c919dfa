// Package sandbox is the Monitor platform in a box: a server that gives tokens for signed assertions and streams security
// events, for the tests of whatever talks to the platform.
//
// # Use in a test
//
// Three lines, nothing global, as many at once as you like, closed when the test is over:
//
//	s := sandbox.Start(t, sandbox.Config{})
//	client := yours.New(s.URL(), s.Credentials().PEM(), s.Credentials().UserID)
//	got := client.Drain(t.Context()) // to be compared with s.Events()
//
// Outside of a test, [New] starts one and [Server.Close] stops it. It listens on the loopback interface only.
//
// # Authentication
//
// POST /oauth/token verifies the assertion for real: RS256 with the key that belongs to the integration key, the GUID of a
// user in sub, the host and port of [Server.URL] in aud, iat and exp at most an hour apart, signature and impersonation in
// scope. Whatever else comes is refused with the error that the platform documents for it. The access token is opaque and
// expires; GET /oauth/userinfo tells whose it is.
//
// # Streams
//
// GET /api/v2.0/datasets/monitor/stream, the dataset stream, gives the events of the one organization that the user
// administers; GET /v1/organizations/{organizationId}/stream, the organization stream, those of the one in its path. Both
// read the same log, in the order in which the events were ingested, which is not that of their timestamps: from seven
// days ago on, from a date or a date-time, or from the endCursor of an earlier page. When there is nothing more, the
// cursor comes back unchanged. An event is served exactly as it was given: no byte is changed.
//
// # Organizations and users
//
// By default there is one of each. Config.Organizations and Config.Users describe more: an organization without Monitor, a
// user without the role, without consent, of several organizations or of none. [Server.CredentialsOf] are theirs.
//
// # Events
//
// [Generate] makes realistic ones up, the same for the same seed; [Lines] reads a file with one on each line; [Raw] takes
// them as they are. [Server.Append] adds to the log while clients read it. [Server.Events] and [Server.Requests] are what a
// test compares with: the events that a client should have got, and the requests that it should have sent.
//
// # Faults
//
// Config.Faults is a script of what goes wrong, by the ordinals of the requests: a limit, a reset connection, half a page,
// a token that has expired. [Faults] shows one, [ParseFaults] reads one from a flag. What a client does right, it does
// under faults too, so the events that it has in the end are still those of [Server.Events].
//
// # Truth
//
// The sandbox does what is published of the platform. What is not published is a named assumption that can be switched,
// see [Assumptions]; none of it is a claim about the real service. Every answer has an X-DocuSign-TraceToken, except to
// what is no HTTP request at all, which the HTTP library answers by itself.
package sandbox
