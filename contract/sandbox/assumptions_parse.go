package sandbox

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseAssumptions reads assumptions from a text such as
//
//	HeadCursor=CursorMovesOnce,DateReach=168h,ClampLimit,ShortPages=5/1/3
//
// in which a comma ends an entry, and an entry is the name of a field of [Assumptions], "=" and a value: a duration, a
// number, a word, true or false, the name of a constant, or numbers with slashes between them. A name alone is true. An
// empty text is no assumption. An error quotes the entry that is wrong, and says how to write it.
func ParseAssumptions(text string) (Assumptions, error) {
	var a Assumptions
	if strings.TrimSpace(text) == "" {
		return a, nil
	}
	fields := reflect.ValueOf(&a).Elem()
	given := map[string]bool{}
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		name, value, valued := strings.Cut(entry, "=")
		field := fields.FieldByName(name)
		if !field.IsValid() {
			return a, fmt.Errorf("assumption %q: there is no %q; there are %s", entry, name, strings.Join(AssumptionNames(), ", "))
		}
		if given[name] {
			return a, fmt.Errorf("assumption %q: %s is there already", entry, name)
		}
		given[name] = true
		if !valued && field.Kind() == reflect.Bool {
			value = "true"
		}
		if err := setAssumption(field.Addr().Interface(), value); err != nil {
			return a, fmt.Errorf("assumption %q: %w", entry, err)
		}
	}
	return a, a.check()
}

// AssumptionNames are the names that [ParseAssumptions] knows: those of the fields of [Assumptions], in their order.
func AssumptionNames() []string {
	var names []string
	for field := range reflect.TypeFor[Assumptions]().Fields() {
		names = append(names, field.Name)
	}
	return names
}

// The names of the constants, in the order of their values.
var (
	errorBodies      = []string{"PlatformError", "SentenceError", "EmptyError", "HTMLBody"}
	tokenErrorBodies = []string{"DescribedError", "CodeAlone", "HTMLTokenError", "PlainTokenError"}
	headCursors      = []string{"CursorRests", "CursorMovesOnce", "CursorMoves"}
	endCursors       = []string{"GivenCursor", "MissingEndCursor", "EmptyEndCursor", "NullEndCursor"}
	lagNames         = []string{"UpToFiveMinutes", "NoLag", "UpToOneHour"}
)

// setAssumption reads a value into a field.
func setAssumption(field any, text string) (err error) {
	switch field := field.(type) {
	case *bool:
		if *field, err = strconv.ParseBool(text); err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
	case *int:
		*field, err = parseCount(text)
	case *string:
		*field = text
	case *time.Duration:
		if *field, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%q is not a duration such as 168h", text)
		}
	case *[]int:
		for item := range strings.SplitSeq(text, "/") {
			n, err := parseCount(item)
			if err != nil {
				return err
			}
			*field = append(*field, n)
		}
	case *ErrorBody:
		return setConstant(field, errorBodies, text)
	case *TokenErrorBody:
		return setConstant(field, tokenErrorBodies, text)
	case *HeadCursor:
		return setConstant(field, headCursors, text)
	case *EndCursor:
		return setConstant(field, endCursors, text)
	case *Lag:
		return setConstant(field, lagNames, text)
	default:
		return fmt.Errorf("it cannot be written as a text") // a test sees to it that no field is like this
	}
	return err
}

func parseCount(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return int(n), nil
}

func setConstant[T ~int](field *T, names []string, text string) error {
	i := slices.Index(names, text)
	if i < 0 {
		return fmt.Errorf("%q is not %s", text, strings.Join(names, " or "))
	}
	*field = T(i)
	return nil
}
