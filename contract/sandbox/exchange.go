package sandbox

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Request is what the log of requests keeps of one. It holds no secret: the query, the headers and the body are left out.
type Request struct {
	Method    string
	Path      string
	Operation string // as the documents call it: "getStream", "createToken", "getUserInfo"; empty if they have none for the path
	Status    int    // of the answer
}

// keptRequests is how many of the newest requests the log of them holds at least. It holds twice as many at most.
const keptRequests = 100_000

// Requests are the requests that were answered, in the order of the answers. Whoever has read the head of an answer finds
// its request here. Of more than 200,000 the oldest are forgotten, and at least the newest 100,000 are there.
func (s *Server) Requests() []Request {
	s.requestsMu.Lock()
	defer s.requestsMu.Unlock()
	return slices.Clone(s.requests)
}

// exchange is what the layers of one request tell each other.
type exchange struct {
	operation string
	user      *User         // whom the access token belongs to
	status    int           // of the answer; 0 until it begins
	bare      bool          // the answer is not JSON, and is to stay as it is
	spoil     func(p *page) // what happens to the page; nil for nothing
}

type exchangeKey struct{}

// exchangeOf finds the exchange that [Server.observed] put into ctx.
func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// observed is the outermost layer: it puts a trace token on every answer, gives the router's own answers the shape of the
// platform, and keeps the log of requests.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-DocuSign-TraceToken", newGUID())
		e := new(exchange)
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
		next.ServeHTTP(&answer{ResponseWriter: w, server: s, exchange: e, request: r}, r)
	})
}

// answer is the ResponseWriter under [Server.observed].
type answer struct {
	http.ResponseWriter
	server   *Server
	exchange *exchange
	request  *http.Request
	replaced bool // the body that is being written is not the one that is sent
}

// WriteHeader notes the request before its answer leaves. A second call does nothing.
func (a *answer) WriteHeader(status int) {
	switch {
	case a.exchange.status != 0:
	case status >= 300 && !a.exchange.bare && !strings.HasPrefix(a.Header().Get("Content-Type"), "application/json"):
		a.replace(status)
	default:
		a.exchange.status = status
		a.server.note(Request{
			Method:    a.request.Method,
			Path:      a.request.URL.Path,
			Operation: a.exchange.operation,
			Status:    status,
		})
		a.ResponseWriter.WriteHeader(status)
	}
}

func (a *answer) Write(b []byte) (int, error) {
	if a.replaced {
		return len(b), nil
	}
	if a.exchange.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

// replace answers in place of the router, which speaks plain text, and which would redirect a path that is not clean to
// one that is: to the platform it is another path, so there is nothing.
func (a *answer) replace(status int) {
	for _, name := range []string{"Content-Type", "Content-Length", "X-Content-Type-Options", "Location"} {
		a.Header().Del(name)
	}
	if status < 400 {
		status = http.StatusNotFound
	}
	message := "There is no such resource."
	if status == http.StatusMethodNotAllowed {
		message = "The resource does not know this method."
	}
	code := strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
	a.server.refuse(a, a.request, status, code, message)
	a.replaced = true
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (s *Server) note(r Request) {
	r.Path = strings.Clone(r.Path) // else it would hold the query
	s.requestsMu.Lock()
	s.requests = append(s.requests, r)
	if len(s.requests) > 2*keptRequests {
		s.requests = slices.Delete(s.requests, 0, keptRequests)
	}
	s.requestsMu.Unlock()
	if s.config.OnRequest != nil {
		s.config.OnRequest(r)
	}
}
