// Access tokens that are none: what a clause sends in the place of one that was given.
package contract_test

import (
	"net/http"
	"strings"
	"unicode"

	. "github.com/onsi/ginkgo/v2"
)

// oversized is longer than anything that a service has given, and short enough for a header or a URL.
var oversized = strings.Repeat("x", 5000)

// noTokens are headers without an access token.
var noTokens = []TableEntry{
	Entry("no header", invalid, func(*http.Request) {}),
	Entry("an empty header", invalid, authorization("")),
	Entry("the scheme alone", invalid, authorization("Bearer ")),
	Entry("another scheme", invalid, authorization("Basic dXNlcjpwYXNzd29yZA==")),
	Entry("a number", invalid, authorization("5")),
	Entry("a token that nobody gave", valid, authorization("Bearer "+strings.Repeat("nobody", 9))),
	Entry("a token that nobody gave, twice", invalid, func(r *http.Request) {
		r.Header["Authorization"] = []string{"Bearer " + strings.Repeat("nobody", 9), "Bearer " + strings.Repeat("nobody", 9)}
	}),
	Entry("a token longer than any", valid, authorization("Bearer "+strings.Repeat("nobody", 800))),
}

// authorizationOf sets the header to a text of the service's.
func authorizationOf(text func(*service) string) func(*http.Request, *service) {
	return func(r *http.Request, s *service) { r.Header.Set("Authorization", text(s)) }
}

// inAnotherCase turns the case of each letter, and adds one where there is none.
func inAnotherCase(text string) string {
	turned := strings.Map(func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	}, text)
	if turned == text {
		return text + "A"
	}
	return turned
}

// otherCharacter puts another one into a token of n, at a place.
func otherCharacter(place func(n int) int) func(r *http.Request, s *service) {
	return func(r *http.Request, s *service) {
		token := s.token
		i := place(len(token))
		r.Header.Set("Authorization", "Bearer "+token[:i]+string('A'+(token[i]+1)%26)+token[i+1:])
	}
}
