// Limits: how the service refuses who asks too often, and says how much is left.
package contract_test

import (
	"net/http"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/contract/sandbox"
)

var _ = Describe("Limits", Label("limits"), func() {
	ShouldEach("SRV-LIMIT-1", "The service refuses what exceeds a limit with 429 or, as it did until 2026, with 400, and goes on after it as if nothing had been",
		"spec/dataset, getStream, 429; a 400 was observed", controlled,
		func(ctx SpecContext, on stream, limits sandbox.Limits, assume sandbox.Assumptions, passed time.Duration) {
			clock := sandbox.NewClock(time.Now().UTC().Truncate(time.Hour))
			s, _ := controlledProvider(on, sandbox.Config{
				Events: sandbox.Generate(40, 1), Clock: clock.Now, Limits: limits, Assumptions: assume, TokenLifetime: 3 * time.Hour,
			})
			first := s.page(ctx, start, 5)
			second := s.page(ctx, after(first.EndCursor), 5)
			s.page(ctx, after(second.EndCursor), 5)

			s.forget() // the quota is the organization's, and a new token has none of its own
			refused := s.get(ctx, after(second.EndCursor), 5)
			clock.Advance(passed)
			third := s.page(ctx, after(second.EndCursor), 5)

			Expect(refused.Status).To(BeElementOf(http.StatusTooManyRequests, http.StatusBadRequest), refused.String)
			Expect(refused.Body).To(ContainSubstring("LIMIT_EXCEEDED"))
			if wait := refused.Header.Get("Retry-After"); wait != "" { // RFC 9110, section 10.2.3
				_, notSeconds := strconv.ParseUint(wait, 10, 31)
				_, notDate := http.ParseTime(wait)
				Expect(notSeconds == nil || notDate == nil).To(BeTrue(), "Retry-After: %s", wait)
			}
			clock.Advance(passed)
			Expect(s.read(ctx, start, 15, 15).Events()).To(BeginWithEvents(append(append(first.Events, second.Events...), third.Events...)))
		},
		Entry("of the hour", sandbox.Limits{Hourly: 3}, sandbox.Assumptions{}, time.Hour),
		Entry("of the half minute", sandbox.Limits{Burst: 3}, sandbox.Assumptions{}, 30*time.Second),
		Entry("of the hour, as it was", sandbox.Limits{Hourly: 3}, sandbox.Assumptions{LimitAs400: true}, time.Hour))

	Should("SRV-LIMIT-2", "The service says with each answer how many requests are left in the hour and in the half minute and when the hour ends, if it says anything of that",
		"spec/dataset, getStream, 200; the headers of the platform, on Monitor undocumented", assumed, controlled,
		func(ctx SpecContext, on stream) {
			clock := sandbox.NewClock(time.Now().UTC().Truncate(time.Hour).Add(10 * time.Minute))
			s, _ := controlledProvider(on, sandbox.Config{Clock: clock.Now, Limits: sandbox.Limits{Hourly: 3, Burst: 4}})

			for left := 2; left >= 0; left-- {
				a := s.get(ctx, start, 1)

				Expect(a).To(HaveStatus(http.StatusOK))
				Expect(a.Header.Get("X-RateLimit-Limit")).To(Equal("3"))
				Expect(a.Header.Get("X-RateLimit-Remaining")).To(Equal(strconv.Itoa(left)))
				Expect(a.Header.Get("X-BurstLimit-Limit")).To(Equal("4"))
				Expect(a.Header.Get("X-BurstLimit-Remaining")).To(Equal(strconv.Itoa(left + 1)))
				Expect(a.Header.Get("X-RateLimit-Reset")).To(Equal(strconv.FormatInt(clock.Now().Add(50*time.Minute).Unix(), 10)))
			}
			refused := s.get(ctx, start, 1)
			Expect(refused).To(HaveStatus(http.StatusTooManyRequests))
			Expect(refused.Header.Get("X-RateLimit-Remaining")).To(Equal("0"))
			Expect(refused.Header.Get("X-RateLimit-Reset")).To(Equal(strconv.FormatInt(clock.Now().Add(50*time.Minute).Unix(), 10)))
		})
})
