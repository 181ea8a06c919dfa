package main

// mutants are what somebody might break, by subject. They are kept so small that nothing but the broken promise shows.
var mutants = []mutant{
	// The form of a page.
	{"bytes after the page are taken", "event.go", `err := jsonv2.Unmarshal(body, into, opts...)`, `err := jsonv2.Unmarshal(body, into, opts...); if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok && e.JSONPointer == "" && e.ByteOffset > 0 && !errors.Is(err, io.ErrUnexpectedEOF) { err = nil }`},
	{"the last of two cursors counts", "event.go", `if o.met {`, `if false {`},
	{"the second of two arrays is skipped", "event.go", `return jsontext.ErrDuplicateName`, `return dec.SkipValue()`},
	{"an empty cursor is taken", "event.go", `case page.Next.value == "":`, `case false:`},
	{"a page of another form is taken", "event.go", `case semantic != nil:`, `case semantic != nil && false:`},
	{"UTF-8 is not checked", "event.go", `case !utf8.Valid(body):`, `case false && !utf8.Valid(body):`},
	{"a page that ends early is final", "event.go", `case errors.Is(err, io.ErrUnexpectedEOF):`, `case false:`},
	{"a page without the array is empty", "event.go", `case !events.met:`, `case false:`},
	{"null events are refused", "event.go", `case !events.met:`, `case events.value == nil:`},
	{"an event grows into the next", "event.go", `body[end-len(value) : end : end]`, `body[end-len(value) : end]`},
	{"an event may not name a member twice", "event.go", `AllowDuplicateNames(true)`, `AllowDuplicateNames(false)`},
	{"an event may not hold half a surrogate pair", "event.go", `AllowInvalidUTF8(true)`, `AllowInvalidUTF8(false)`},
	{"the other stream's array is read", "stream.go", `"resultData"`, `"data"`},
	{"a token is taken for a cursor", "client.go", `len(token) >= 16 &&`, `false &&`},

	// Requests.
	{"a negative limit is sent", "client.go", `q.Limit < 0 || q.Limit > MaxLimit`, `q.Limit > MaxLimit`},
	{"a limit above the most is sent", "client.go", `q.Limit < 0 || q.Limit > MaxLimit`, `q.Limit < 0`},
	{"the default limit is half of the most", "client.go", `cmp.Or(q.Limit, MaxLimit)`, `cmp.Or(q.Limit, MaxLimit/2)`},
	{"Since is sent by its own zone's clock", "client.go", `q.Since.UTC().Format(`, `q.Since.Format(`},
	{"Since is sent with a fraction", "client.go", `"2006-01-02T15:04:05Z"`, `time.RFC3339Nano`},
	{"Since outweighs a cursor", "client.go", `case q.Cursor != "" && !q.Since.IsZero():`, `case false:`},
	{"no cursor is sent as an empty one", "client.go", `if q.Cursor == "" {`, `if false {`},

	// Walks.
	{"an empty page is the end", "client.go", `CaughtUp: next == q.Cursor}`, `CaughtUp: len(events) == 0}`},
	{"a circle goes unnoticed", "pages.go", `!page.CaughtUp && met.visit(page.Next)`, `met.visit(page.Next) && false`},
	{"a circle through the start goes unnoticed", "pages.go", `met, empty := newTrail(q.Cursor), 0`, `met, empty := newTrail("no"), 0`},
	{"the last page is not delivered", "pages.go", `if !yield(page, nil) {`, `if !page.CaughtUp && !yield(page, nil) {`},
	{"a loop that was left goes on", "pages.go", "yield(page, nil) {\n\t\t\treturn nil", "yield(page, nil) {\n\t\t\tcontinue"},
	{"the second empty page waits", "pages.go", `emptyMost = 2, 10`, `emptyMost = 1, 10`},
	{"eleven empty pages are asked for", "pages.go", `emptyMost = 2, 10`, `emptyMost = 2, 11`},
	{"empty pages that do not follow each other count", "pages.go", `if empty++; len(page.Events) > 0 {`, `if empty++; false {`},
	{"a follower begins anew at each poll", "pages.go", `met, empty = newTrail(q.Cursor), 0`, `met, empty, q = newTrail(q.Cursor), 0, Query{Limit: q.Limit}`},
	{"a follower ends after ten empty pages", "pages.go", `case rest && interval > 0:`, `case page.CaughtUp && interval > 0:`},
	{"a follower polls too often", "pages.go", `interval < PollInterval && !isLoopback(c.stream.base)`, `false`},
	{"the trail grows without end", "pages.go", `len(t.young) == trailLength`, `false`},
	{"the trail forgets what came just before", "pages.go", `map[[sha256.Size]byte]bool{}, t.young`, `map[[sha256.Size]byte]bool{}, nil`},

	// Tokens.
	{"a 401 is final", "exchange.go", `e.Err == ErrUnauthorized && refused == "":`, `false:`},
	{"a 401 gets new tokens without end", "exchange.go", `e.Err == ErrUnauthorized && refused == "":`, `e.Err == ErrUnauthorized && n < 5:`},
	{"a refused token is sent again", "exchange.go", `refused = secret // is replaced at once`, `refused = "none"`},
	{"a 401 has no kind", "errors.go", `{"stream 401", ErrUnauthorized,`, `{"stream 401", nil,`},
	{"a 401 of userinfo has no kind", "errors.go", `{"userinfo 401", ErrUnauthorized,`, `{"userinfo 401", nil,`},
	{"a token is kept to its last second", "token.go", `-min(renewalMargin, token.Expiry.Sub(asked)/5)`, `-0 * token.Expiry.Sub(asked)`},
	{"a short-lived token is renewed at once", "token.go", `token.Expiry.Sub(asked)/5`, `token.Expiry.Sub(asked)`},
	{"everybody asks for a token", "token.go", `make(chan struct{}, 1)`, `make(chan struct{}, 100)`},
	{"who leaves waits for its turn", "token.go", "case <-ctx.Done():\n\t\treturn \"\"", "case <-context.Background().Done():\n\t\treturn \"\""},
	{"who leaves waits for the source", "token.go", "case <-ctx.Done():\n\t\treturn nil", "case <-context.Background().Done():\n\t\treturn nil"},
	{"a call goes on that nobody waits for", "token.go", `grant.token(ctx, c)`, `grant.token(context.WithoutCancel(ctx), c)`},
	{"everybody asks for what has failed", "token.go", `case t.failed.After(came):`, `case t.failed.After(came.Add(time.Hour)):`},
	{"who leaves takes its error to the others", "token.go", `if ctx.Err() == nil {`, `if true {`},
	{"the assertion lives for two hours", "grant.go", `30 * time.Minute`, `2 * time.Hour`},
	{"the audience is always the host", "grant.go", `cmp.Or(g.Audience, auth.Host)`, `auth.Host+cmp.Or(g.Audience)[:0]`},
	{"the consent URL has a plus", "grant.go", `url.PathEscape(scopes)`, `url.QueryEscape(scopes)`},
	{"a token is taken that no header can carry", "grant.go", `return r <= ' ' || r > '~'`, `return false`},
	{"a token of another type is taken", "grant.go", `!strings.EqualFold(t.TokenType, "Bearer")`, `false`},
	{"a token that lives for ever has ended", "grant.go", `min(t.ExpiresIn, maxTokenLife)`, `t.ExpiresIn`},
	{"a wrong key is any refusal", "errors.go", `ErrWrongKey, "check`, `ErrInvalidGrant, "check`},
	{"two keys are one too many, unsaid", "grant.go", `(g.PrivateKey == nil) == (g.PrivateKeyFile == "")`, `g.PrivateKey == nil && g.PrivateKeyFile == ""`},
	{"an answer that ends early is final", "exchange.go", `e.transient = errors.Is(e.Err, io.ErrUnexpectedEOF)`, `e.transient = errors.Is(e.Err, io.ErrUnexpectedEOF) && errors.Is(e.Err, ErrMalformedPage)`},
	{"an organization comes twice", "client.go", `return o.ID == of.Organization.ID`, `return o.ID == of.Organization.ID && false`},

	// Keys.
	{"a key with spaces is damaged", "grant.go", `armor.ReplaceAllString(lines, "\n$0\n")`, `lines`},
	{"a key with escaped newlines is damaged", "grant.go", "strings.NewReplacer(`\\r`, \"\", `\\n`, \"\\n\")", "strings.NewReplacer(`\\r`, \"\")"},
	{"a public key is damaged", "grant.go", `strings.Contains(label, "PUBLIC")`, `false`},
	{"a passphrase is damage", "grant.go", `case strings.Contains(lines, "ENCRYPTED"):`, `case false:`},

	// Retries.
	{"a host is given up late", "exchange.go", `failing > c.policy.Connect ||`, `failing > c.policy.Outage ||`},
	{"a host that has answered is given up soon", "exchange.go", `c.answered.Store(x.base.Host, true)`, `_ = x`},
	{"an outage may last too long", "exchange.go", `!follow && failing > c.policy.Outage`, `!follow && failing > 2*c.policy.Outage`},
	{"an outage ends a follower", "exchange.go", `!follow && failing > c.policy.Outage`, `failing > c.policy.Outage`},
	{"announced waits may last too long", "exchange.go", `limited > c.policy.Limit`, `limited > 2*c.policy.Limit`},
	{"announced waits count as outage", "exchange.go", `if limited += pause; limited`, `if failing += pause; limited`},
	{"a follower waits as long as it is told", "exchange.go", `pause = min(pause, c.policy.Limit)`, `pause = max(pause, 0)`},
	{"waits are not random", "exchange.go", `rand.N(backoff(n - 1))`, `backoff(n-1) + 0*rand.N(time.Second)`},
	{"waits double without end", "exchange.go", `min(maxBackoff, time.Second<<min(attempt, 10))`, `time.Second << min(attempt, 10)`},
	{"a moment that has passed is waited for", "exchange.go", `announced := pause > 0`, `announced := !e.RetryAt.IsZero()`},
	{"a token that failed is asked for anew", "exchange.go", `		if err != nil {
			return err
		}
		begun`, `		if err != nil && n > 1 {
			return err
		}
		begun`},
	{"attempts are not counted", "exchange.go", `e.Attempts = n`, `e.Attempts = 1`},
	{"Retry-After is in minutes", "errors.go", `time.Duration(seconds) * time.Second`, `time.Duration(seconds) * time.Minute`},
	{"Retry-After as a date is ignored", "errors.go", `return date.Add(skew)`, `_ = date`},
	{"the server's clock is ours", "errors.go", `skew = now.Sub(date)`, `skew = 0 * now.Sub(date)`},
	{"a reset is a wait without a limit met", "errors.go", `case !limited:`, `case false:`},
	{"a spent burst waits for the hour", "errors.go", `h.Get("X-BurstLimit-Remaining") == "0"`, `false`},
	{"a reset is ignored", "errors.go", `return time.Unix(reset, 0).Add(skew)`, `return now`},
	{"a limit as a 400 is final", "errors.go", `strings.HasSuffix(e.Code, "_APIINVOCATION_LIMIT_EXCEEDED")`, `false`},
	{"a 500 is final", "errors.go", `e.StatusCode >= 500`, `e.StatusCode > 500`},

	// Answers and silence.
	{"any 2xx is a page", "exchange.go", `res.StatusCode != http.StatusOK`, `res.StatusCode >= 300`},
	{"slow is silent", "exchange.go", `alarm.Reset(c.policy.Stall)`, `_ = alarm`},
	{"silence lasts for a day", "exchange.go", `time.AfterFunc(c.policy.Stall,`, `time.AfterFunc(24*time.Hour,`},
	{"silence is not named", "exchange.go", `cmp.Or(context.Cause(watched), errors.Unwrap(err))`, `errors.Unwrap(err)`},
	{"a page has no largest size", "exchange.go", `case len(body) > maxAnswer:`, `case false:`},
	{"an answer that was cut off is final", "errors.go", `&cause{err, text}, true`, `&cause{err, text}, e.StatusCode == 0`},
	{"no answer is final", "errors.go", `&cause{err, text}, true`, `&cause{err, text}, e.StatusCode != 0`},

	// What an error is.
	{"a 403 has no kind", "errors.go", `{"stream 403", ErrNotEntitled,`, `{"stream 403", nil,`},
	{"a 400 without a cursor is its fault", "client.go", `e.Err == nil && q.Cursor != ""`, `e.Err == nil`},
	{"a sentence is a code", "errors.go", `!strings.Contains(p.Error, " ")`, `true`},
	{"the code of a limit is one with any status", "errors.go", "e.StatusCode == http.StatusBadRequest && strings.HasSuffix", "strings.HasSuffix"},
	{"HTML is a message", "errors.go", `[]byte("<")`, `[]byte("<!")`},
	{"a body is kept whole", "errors.go", `min(len(e.Body), maxErrorBody)`, `len(e.Body)`},
	{"a message may steer a terminal", "errors.go", `unicode.IsSpace(r) || !unicode.IsPrint(r)`, `unicode.IsSpace(r)`},

	// Secrets, and what the caller gave.
	{"a body shows the token", "errors.go", `[]byte(hide(string(e.Body)))`, `[]byte(string(e.Body))`},
	{"a token in the escapes of JSON is shown", "errors.go", `text = plain`, ``},
	{"a part of the assertion is no secret", "errors.go", `append([]string{secret}, strings.Split(secret, ".")...)`, `[]string{secret}`},
	{"a secret in base64 is none", "errors.go", `base64.RawStdEncoding.EncodeToString([]byte(part)), base64.RawURLEncoding.EncodeToString([]byte(part))}`, `base64.RawStdEncoding.EncodeToString([]byte("none"))}`},
	{"what is not HTTP shows the token", "errors.go", `texts = append(texts, &lost.text)`, `_ = lost`},
	{"a trace token shows the token", "errors.go", `&e.Message, &e.TraceToken}`, `&e.Message}`},
	{"the cursor of a request is shown", "exchange.go", `errors.Unwrap(err)`, `err`},
	{"redirects are followed", "exchange.go", `return http.ErrUseLastResponse`, `return nil`},
	{"the caller's rule for redirects counts", "exchange.go", `	direct.CheckRedirect = func`, `	direct.Jar, _ = nil, func`},
	{"the caller's client is changed", "exchange.go", `direct := *c.http`, `c.http.Timeout = time.Hour; direct := *c.http`},
	{"the default logger is written to", "exchange.go", `slog.New(slog.DiscardHandler)`, `slog.Default()`},
	{"a client in print shows its token", "client.go", `"docusign.Client(" + c.stream.base.Host + ")"`, `c.tokens.current + c.stream.base.Host`},

	// URLs.
	{"http to anywhere", "stream.go", `u.Scheme == "http" && isLoopback(u)`, `u.Scheme == "http"`},
	{"http to a name that begins like a loopback one", "stream.go", `u.Hostname() == "localhost"`, `strings.HasPrefix(u.Hostname(), "localhost")`},
	{"a user in a URL", "stream.go", `u.User != nil, `, ``},
	{"the last element of a base URL is lost", "stream.go", `return u.JoinPath("/"), nil`, `return u, nil`},

	// Events.
	{"a timestamp is cut to seconds", "event.go", `return t, nil`, `return t.Truncate(time.Second), nil`},
	{"an event that is no object is decoded", "event.go", `jsontext.Value(e.Raw).Kind() != '{'`, `false`},
}
