package contract_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// The scrubber takes out of a recording what is secret or personal. It names what may stay and replaces all else, so that a
// field that nobody has thought of is not kept by oversight, nor a secret in an encoding that nobody has thought of: of texts
// there stay the words of the documents, times, and cursors of the one form that says nothing.
//
// A stand-in has the length of what it stands for, and is the same wherever that stands, so that a law finds in the recording
// what it found in the run. It follows from a key that is made for the recording and kept nowhere. What decides whether a body
// is JSON stays: the structure, the order and repetition of names, what is not UTF-8, and what follows the end.

// wordy are the members in whose text the words of the documents stay. Any other text is replaced as a whole.
var wordy = map[string]bool{
	"site": true, "object": true, "action": true, "property": true, "field": true, "result": true, "source": true, "Severity": true,
	"proxyStatus": true, "proxyType": true, "proxyLevel": true, "token_type": true, "scope": true,
	"error": true, "error_description": true, "errorCode": true, "message": true, "title": true, "detail": true, "type": true,
}

// keptNumbers are the members whose number stays. Of any other, each digit becomes a 1.
var keptNumbers = map[string]bool{"expires_in": true, "status": true}

// The forms of what stays as it is.
var (
	timeForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?)?$`)
	cursorForm = regexp.MustCompile(`^[a-z]{2}_\d{1,20}_\d{1,20}_\d{1,20}$`) // times and a number: the form that was observed
	limitForm  = regexp.MustCompile(`^[-+ .0-9eE]{0,24}$`)
	mediaForm  = regexp.MustCompile(`^(application/(problem\+)?json|application/x-www-form-urlencoded|text/(html|plain))(; ?charset=(utf|UTF|iso|ISO)-[-0-9]{1,6})?$`)
	countForm  = regexp.MustCompile(`^\d{1,12}$`)
	guidForm   = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

// wordyHeaders are those in which words stay, and numbers and times if they are the whole value. Of any other the name stays,
// and that there is a value.
var wordyHeaders = map[string]bool{
	"Accept": true, "Allow": true, "Api-Supported-Versions": true, "Cache-Control": true, "Content-Type": true, "Date": true,
	"Pragma": true, "Retry-After": true, "Vary": true, "Www-Authenticate": true, "X-Ratelimit-Limit": true,
	"X-Ratelimit-Remaining": true, "X-Ratelimit-Reset": true, "X-Burstlimit-Limit": true, "X-Burstlimit-Remaining": true,
}

var (
	runOfLetters = regexp.MustCompile(`[\pL\pM\pN]+`)
	pieceOfWord  = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)
)

// vocabulary is the words of the documents, in small letters: public, so that none of them tells anything of anyone. Those of
// HTTP come to them, and what is known of objects, of actions and of the members of data.
var vocabulary = sync.OnceValue(func() map[string]bool {
	d := documents()
	all := []string{d.Published, d.Dataset, d.Organization, d.OAuth,
		`Account AgreementDesk Alert Authentication Requirement Disabled Bulk Envelope Download Export Connect Created Credential Leak
		Detected Deleted Downloaded Email Changed Exported Group Ip Address Outside Allowed Ranges Locked Out Login From Distant Place
		Mass Deletion Password Permission Set Profile Rearranged Recovery Information Same Sender And Signer Sent Signed Removed
		Simultaneous Logins Template Too Many Failures Two Factor Updated User Added Affected Membership Settings Key Event Ids Count
		Severity Low Medium High Type Agent`,
		"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE Bearer Basic Token realm no cache store max age Accept Encoding Origin"}
	known := map[string]bool{"v1": true, "v2": true}
	for _, text := range all {
		for _, run := range runOfLetters.FindAllString(text, -1) {
			if pieces := piecesOf(run); pieces != nil {
				for _, word := range append(pieces, run) {
					known[strings.ToLower(word)] = len(word) > 1 || known[strings.ToLower(word)]
				}
			}
		}
	}
	return known
})

// piecesOf takes a word apart at its capitals: accountId has two pieces. What is not of letters has none.
func piecesOf(word string) []string {
	pieces := pieceOfWord.FindAllString(word, -1)
	if strings.Join(pieces, "") != word {
		return nil
	}
	return pieces
}

// isWord tells whether a word is public.
func isWord(word string) bool {
	if vocabulary()[strings.ToLower(word)] {
		return true
	}
	pieces := piecesOf(word)
	return len(pieces) > 0 && !slices.ContainsFunc(pieces, func(piece string) bool { return !vocabulary()[strings.ToLower(piece)] })
}

// scrubber is that of one recording.
type scrubber struct {
	key   []byte
	stand map[string]string // what stands for a text
	taken map[string]bool
}

func newScrubber() *scrubber {
	key := make([]byte, sha256.Size)
	rand.Read(key)
	return &scrubber{key, map[string]string{}, map[string]bool{}}
}

// body is the body of an answer. From where it is not JSON on, all letters and digits are the same.
func (s *scrubber) body(body []byte) []byte {
	var out bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	for end := 0; ; {
		token, err := dec.ReadToken()
		begin := len(body) - len(bytes.TrimLeft(body[end:], " \t\r\n,:"))
		out.Write(body[end:begin])
		if err != nil {
			out.Write(mask(body[begin:]))
			return out.Bytes()
		}
		end = int(dec.InputOffset())
		raw := body[begin:end]
		switch token.Kind() {
		case '"':
			out.Write(s.quoted(raw, dec))
		case '0':
			out.WriteString(number(string(raw), memberOf(dec)))
		default:
			out.Write(raw)
		}
	}
}

// quoted is a string of a body that has just been read.
func (s *scrubber) quoted(raw []byte, dec *jsontext.Decoder) []byte {
	unquoted, _ := jsontext.AppendUnquote(nil, raw) // what is not UTF-8 is an error, and becomes U+FFFD
	text, member := string(unquoted), memberOf(dec)
	switch kind, length := dec.StackIndex(dec.StackDepth()); {
	case kind == '{' && length%2 == 1: // a name
		if len(text) > 1 {
			text = s.words(text)
		}
	case wordy[member]:
		text = s.words(text)
	case member == "endCursor":
		text = s.cursor(text)
	case strings.HasSuffix(member, "_token"): // and not like one, lest somebody is alarmed
		text = "replaced-" + strings.ToLower(s.standIn(text))
	case member == "timestamp" && timeForm.MatchString(text):
	default:
		text = s.standIn(text)
	}
	quoted, _ := jsontext.AppendQuote(nil, text)
	if !utf8.Valid(raw) {
		quoted = bytes.ReplaceAll(quoted, []byte("\uFFFD"), []byte{0xff})
	}
	return quoted
}

// memberOf is the name of the member whose value has just been read, or that of the array that it stands in.
func memberOf(dec *jsontext.Decoder) string {
	at := dec.StackPointer()
	for countForm.MatchString(at.LastToken()) {
		at = at.Parent()
	}
	return at.LastToken()
}

// number is a number of the same form. No place, no amount and no telephone number is left in it.
func number(text, member string) string {
	if keptNumbers[member] {
		return text
	}
	mantissa, exponent := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i:]
	}
	return strings.Map(func(r rune) rune {
		if r >= '1' && r <= '9' {
			return '1'
		}
		return r
	}, mantissa) + exponent
}

// cursor is one that says nothing but where it leads. Of any other form it is as opaque as before.
func (s *scrubber) cursor(text string) string {
	if timeForm.MatchString(text) || cursorForm.MatchString(text) {
		return text
	}
	return s.standIn(text)
}

// url is the path of a URL and its query.
func (s *scrubber) url(text string) string {
	path, query, has := strings.Cut(text, "?")
	var segments []string
	for segment := range strings.SplitSeq(path, "/") {
		segments = append(segments, s.segment(segment))
	}
	if text = strings.Join(segments, "/"); has {
		text += "?" + s.form(query)
	}
	return text
}

var partOfSegment = regexp.MustCompile(`%[0-9A-Fa-f]{2}|[^%]+|%`)

// segment is one of a path. Of what is percent-encoded, letters go.
func (s *scrubber) segment(text string) string {
	if guidForm.MatchString(text) {
		return s.standIn(text)
	}
	return partOfSegment.ReplaceAllStringFunc(text, func(part string) string {
		if decoded, err := url.PathUnescape(part); err == nil && decoded != part && !strings.ContainsAny(decoded, "/ .%?#&;=") {
			return "%78"
		}
		return s.words(part)
	})
}

// form is a form, or the query of a URL.
func (s *scrubber) form(text string) string {
	fields := strings.Split(text, "&")
	for i, field := range fields {
		name, value, has := strings.Cut(field, "=")
		decoded, err := url.QueryUnescape(value)
		switch {
		case err != nil:
			value = string(mask([]byte(value)))
		case name == "limit" && limitForm.MatchString(decoded):
		case name == "limit":
			value = url.QueryEscape(string(mask([]byte(decoded))))
		case name == "cursor":
			value = url.QueryEscape(s.cursor(decoded))
		case name == "grant_type":
			value = url.QueryEscape(s.words(decoded))
		default:
			value = blank(decoded)
		}
		fields[i] = s.segment(name)
		if has {
			fields[i] += "=" + value
		}
	}
	return strings.Join(fields, "&")
}

// header is a header as it is to be written. The length of a body is another one now.
func (s *scrubber) header(from http.Header) http.Header {
	to := http.Header{}
	for name, values := range from {
		for _, value := range values {
			switch scheme, rest, _ := strings.Cut(value, " "); {
			case name == "Content-Length":
				continue
			case name == "Authorization" && isWord(scheme):
				value = strings.TrimSpace(scheme + " " + blank(rest))
			case name == "Authorization":
				value = blank(value)
			case !wordyHeaders[name]:
				value = string(mask([]byte(value)))
			case countForm.MatchString(value) || name == "Content-Type" && mediaForm.MatchString(value):
			case name == "Date" || name == "Retry-After":
				if _, err := http.ParseTime(value); err != nil {
					value = s.words(value)
				}
			default:
				value = s.words(value)
			}
			to[name] = append(to[name], value)
		}
	}
	return to
}

// words replaces all of a text but the words of the documents.
func (s *scrubber) words(text string) string {
	return runOfLetters.ReplaceAllStringFunc(text, func(word string) string {
		if isWord(word) {
			return word
		}
		return s.standIn(word)
	})
}

// standIn is what stands for a text: a digit for a digit, a letter for a letter. Two texts have two stand-ins, as long as there
// are any; but one letter, which may be one of many that are a word together, tells nothing at all.
func (s *scrubber) standIn(text string) string {
	if utf8.RuneCountInString(text) < 2 {
		return string(mask([]byte(text)))
	}
	if other, known := s.stand[text]; known {
		return other
	}
	letters := 26
	if guidForm.MatchString(text) {
		letters = 6
	}
	const tries = 50
	var other string
	for try := range tries {
		mac := hmac.New(sha256.New, s.key)
		binary.Write(mac, binary.BigEndian, int64(try))
		mac.Write([]byte(text))
		draw := mathrand.New(mathrand.NewChaCha8([32]byte(mac.Sum(nil))))
		other = masked(text, func(first rune, of int) rune { return first + rune(draw.IntN(min(of, letters))) })
		if other != text && !s.taken[other] {
			break
		}
	}
	s.stand[text], s.taken[other] = other, true
	return other
}

// blank leaves nothing of a token or an assertion, not even its form, but that there was one.
func blank(text string) string {
	if text == "" {
		return ""
	}
	return "replaced"
}

// mask leaves of a text its form alone. What is not UTF-8 stays so.
func mask(text []byte) (out []byte) {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			out = append(out, 0xff)
		} else {
			out = append(out, masked(string(r), func(first rune, of int) rune {
				if of == 10 {
					return first
				}
				return first + ('x' - 'a')
			})...)
		}
		text = text[n:]
	}
	return out
}

// masked has another letter in the place of each letter, and another digit in that of each digit: one of so many from the
// first on.
func masked(text string, other func(first rune, of int) rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return other('0', 10)
		case r >= 'a' && r <= 'z':
			return other('a', 26)
		case r >= 'A' && r <= 'Z':
			return other('A', 26)
		case r >= utf8.RuneSelf && r != utf8.RuneError:
			return 'é'
		}
		return r
	}, text)
}
