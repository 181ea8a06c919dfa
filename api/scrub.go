package api

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// scrubber removes secrets from what a server sent: a hostile or careless one may send them back, in any of these forms.
type scrubber []string

func scrub(secrets ...string) scrubber {
	var s scrubber
	for _, secret := range secrets {
		// The signature of an assertion is as good as the whole.
		for _, part := range append(strings.Split(secret, "."), secret) {
			if len(part) < 8 && part != secret || part == "" {
				continue
			}
			s = append(s, part, url.QueryEscape(part), url.PathEscape(part), strings.ReplaceAll(part, "/", `\/`),
				base64.RawStdEncoding.EncodeToString([]byte(part)), base64.RawURLEncoding.EncodeToString([]byte(part)))
		}
	}
	// The longest first, lest a part is replaced and the rest of the whole stays.
	slices.SortFunc(s, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(s)
}

func (s scrubber) text(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

// line makes one printable line of at most 300 bytes, so that no answer can forge a line of a log or steer a terminal.
func (s scrubber) line(text string) string {
	text = strings.Join(strings.FieldsFunc(s.text(text), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}
