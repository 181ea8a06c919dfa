package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits are quotas of requests. Zero is no limit, which is the default of each.
type Limits struct {
	// Hourly is how many requests to the streams an organization has in each hour of the clock.
	Hourly int

	// Burst is how many of them it has in each half of a minute.
	Burst int

	// UserInfo is how many requests to userinfo a user has in each hour of the clock.
	UserInfo int
}

const (
	hourlyCode  = "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"
	burstCode   = "BURST_APIINVOCATION_LIMIT_EXCEEDED"
	burstWindow = 30 * time.Second
)

// topOfHour is when the quota of now's hour ends.
func topOfHour(now time.Time) time.Time { return now.Truncate(time.Hour).Add(time.Hour) }

// quota counts the requests of a window of time.
type quota struct {
	window time.Time
	used   int
}

// spend takes one from the quota of a window, and tells what is left; less than nothing if there was none.
func (s *Server) spend(key string, window time.Time, limit int) (left int) {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	q := s.quotas[key]
	if !q.window.Equal(window) {
		q = quota{window: window}
	}
	if q.used <= limit {
		q.used++
	}
	s.quotas[key] = q
	return limit - q.used
}

// charge counts a request of someone who was let in against the quotas of an operation. If one is used up, it answers and
// tells so. The headers go to every answer.
func (s *Server) charge(w http.ResponseWriter, r *http.Request) (within bool) {
	limits, now := s.config.Limits, s.config.Clock().UTC()
	if s.skips(quotas) {
		limits = Limits{}
	}
	e := exchangeOf(r.Context())
	hourly, key := limits.Hourly, charged(r, e.user)
	if e.operation == opUserInfo {
		hourly, key = limits.UserInfo, e.user.ID
	}
	if s.skips(quotaOwner) {
		key = bearer(r)
	}
	h := http.Header{}
	var refused *limitAnswer
	if hourly > 0 {
		reset := topOfHour(now)
		left := s.spend(e.operation+key, now.Truncate(time.Hour), hourly)
		h.Set("X-RateLimit-Limit", strconv.Itoa(hourly))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(max(left, 0)))
		h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
		if left < 0 {
			refused = s.limited(hourlyCode, "The maximum number of hourly API invocations has been exceeded. The hourly limit is "+
				strconv.Itoa(hourly)+".", reset)
		}
	}
	if burst := limits.Burst; burst > 0 && e.operation == opStream && refused == nil {
		window := now.Truncate(burstWindow)
		left := s.spend("burst"+key, window, burst)
		h.Set("X-BurstLimit-Limit", strconv.Itoa(burst))
		h.Set("X-BurstLimit-Remaining", strconv.Itoa(max(left, 0)))
		if left < 0 {
			refused = s.limited(burstCode, "The maximum number of API invocations in 30 seconds has been exceeded.", window.Add(burstWindow))
		}
	}
	if !s.config.Assumptions.NoLimitHeaders {
		for name, values := range h {
			w.Header()[name] = values
		}
	}
	if refused != nil {
		refused.VisitGetStreamResponse(w)
	}
	return refused == nil
}

// charged is whose quota a request to a stream counts against: that of the organization in its path, whose applications
// and users share it. Who has nothing to do with that organization has a quota elsewhere.
func charged(r *http.Request, user *User) string {
	id := strings.ToLower(r.PathValue("organizationId"))
	if slices.Contains(user.Organizations, id) {
		return id
	}
	if len(user.Organizations) > 0 {
		return user.Organizations[0]
	}
	return user.ID
}

// limitAnswer is the answer of a limit.
type limitAnswer struct {
	status        int
	code, message string
	after         time.Duration // for a Retry-After; 0 for none
}

func (s *Server) limited(code, message string, until time.Time) *limitAnswer {
	a := &limitAnswer{status: http.StatusTooManyRequests, code: code, message: message}
	if s.config.Assumptions.LimitAs400 {
		a.status = http.StatusBadRequest
	}
	if s.config.Assumptions.RetryAfter {
		a.after = until.Sub(s.config.Clock())
	}
	return a
}

func (a *limitAnswer) VisitGetStreamResponse(w http.ResponseWriter) error {
	if a.after > 0 {
		w.Header().Set("Retry-After", wholeSeconds(a.after))
	}
	return platformError(a.status, a.code, a.message).VisitGetStreamResponse(w)
}

func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
