package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxScript is how many requests a script of [ParseFaults] may name.
const maxScript = 1_000_000

// ParseFaults reads a script such as
//
//	3=throttle:30s,5-8=reset,token:2=html,10-200/10=truncated
//
// in which a comma ends an entry, and an entry is the ordinal of a request, "=", the name of a fault, and for some faults
// ":" and an argument. Before the ordinal may stand the operation, "token:" or "userinfo:"; none is the streams. In place
// of one ordinal there may be a range, and after a range "/" and a step. [FaultNames] are the names. An empty text is no
// faults. An error quotes the entry that is wrong, and says how to write it.
func ParseFaults(text string) (Faults, error) {
	faults := Faults{}
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry == "" && strings.TrimSpace(text) == "" {
			break
		}
		which, what, ok := strings.Cut(entry, "=")
		if !ok {
			return nil, fmt.Errorf("fault %q: write ordinal=name, such as 3=throttle", entry)
		}
		fault, err := parseFault(what)
		if err != nil {
			return nil, fmt.Errorf("fault %q: %w", entry, err)
		}
		ordinals, err := parseOrdinals(which)
		if err != nil {
			return nil, fmt.Errorf("fault %q: %w", entry, err)
		}
		for _, ordinal := range ordinals {
			if _, twice := faults[ordinal]; twice {
				return nil, fmt.Errorf("fault %q: request %s has a fault already", entry, ordinal)
			}
			faults[ordinal] = fault
		}
		if len(faults) > maxScript {
			return nil, fmt.Errorf("fault %q: more than %d requests are named", entry, maxScript)
		}
	}
	return faults, faults.check()
}

func parseOrdinals(text string) ([]Ordinal, error) {
	of := func(n int) Ordinal { return Ordinal(n) }
	if operation, rest, ok := strings.Cut(text, ":"); ok {
		switch operation {
		case "token":
			of = OfToken
		case "userinfo":
			of = OfUserInfo
		case "stream":
		default:
			return nil, fmt.Errorf("%q is not stream, token or userinfo", operation)
		}
		text = rest
	}
	bounds, stepText, stepped := strings.Cut(text, "/")
	fromText, toText, ranged := strings.Cut(bounds, "-")
	from, err := ordinal(fromText)
	to, step := from, 1
	if err == nil && ranged {
		to, err = ordinal(toText)
	}
	if err == nil && stepped {
		step, err = ordinal(stepText)
	}
	switch {
	case err != nil:
		return nil, err
	case to < from || stepped && !ranged:
		return nil, fmt.Errorf("%q is not a range such as 5-8 or 10-200/10", text)
	case (to-from)/step > maxScript:
		return nil, fmt.Errorf("%q names more than %d requests", text, maxScript)
	}
	var ordinals []Ordinal
	for n := from; n <= to; n += step {
		ordinals = append(ordinals, of(n))
	}
	return ordinals, nil
}

func ordinal(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not a number from 1 on", text)
	}
	return int(n), nil
}

// named are the faults that a script can name. The argument of those that take one may be left out.
var named = withPlain(map[string]func(argument string) (Fault, error){
	"throttle":       withDuration(Throttle, 30*time.Second),
	"throttle-date":  withDuration(ThrottleDate, 30*time.Second),
	"throttle-reset": withDuration(ThrottleReset, 30*time.Second),
	"limit-400":      withDuration(Limit400, 30*time.Second),
	"slow":           withDuration(SlowBody, 5*time.Second),
	"short": func(argument string) (Fault, error) {
		if argument == "" {
			argument = "1"
		}
		n, err := strconv.ParseUint(argument, 10, 31)
		if err != nil || n == 0 {
			return Fault{}, fmt.Errorf("%q is not a number of events from 1 on", argument)
		}
		return ShortPage(int(n)), nil
	},
	"redirect": func(argument string) (Fault, error) {
		if argument == "" {
			return Fault{}, fmt.Errorf("write redirect:URL")
		}
		return Redirect(argument), nil
	},
})

// withPlain adds the faults that take no argument.
func withPlain(named map[string]func(string) (Fault, error)) map[string]func(string) (Fault, error) {
	for _, fault := range []Fault{
		Burst, BareThrottle, Unavailable, ServerError, HTMLError, HTMLPage, ProblemJSON, Unauthorized, Forbidden, ResetPeer, HangUp,
		GoAway, TruncatedBody, TruncatedChunks, CutBody, CutChunks, Stall, Silence, Oversize, ExpireToken, RevokeKey,
		WithdrawConsent, EmptyPage, NullEvents, DuplicateEvent, MissingCursor, EmptyCursor, NullCursor, Loop,
	} {
		named[fault.name] = func(argument string) (Fault, error) {
			if argument != "" {
				return Fault{}, fmt.Errorf("%s takes no argument", fault)
			}
			return fault, nil
		}
	}
	return named
}

// FaultNames are the names that [ParseFaults] knows, in the order of the alphabet.
func FaultNames() []string {
	return slices.Sorted(maps.Keys(named))
}

func withDuration(of func(time.Duration) Fault, otherwise time.Duration) func(string) (Fault, error) {
	return func(argument string) (Fault, error) {
		if argument == "" {
			return of(otherwise), nil
		}
		d, err := time.ParseDuration(argument)
		if err != nil || d < 0 {
			return Fault{}, fmt.Errorf("%q is not a duration such as 30s", argument)
		}
		return of(d), nil
	}
}

func parseFault(text string) (Fault, error) {
	name, argument, _ := strings.Cut(text, ":")
	of, ok := named[name]
	if !ok {
		return Fault{}, fmt.Errorf("there is no fault %q; there are %s", name, strings.Join(FaultNames(), ", "))
	}
	return of(argument)
}
