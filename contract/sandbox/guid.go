package sandbox

import (
	"crypto/rand"
	"encoding/binary"
)

// newGUID is a random GUID.
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return string(appendGUID(make([]byte, 0, 36), b))
}

// appendGUID appends the GUID that comes next.
func (d *dice) appendGUID(dst []byte) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], d.next())
	binary.BigEndian.PutUint64(b[8:], d.next())
	return appendGUID(dst, b)
}

// appendGUID appends b as a GUID of version 4.
func appendGUID(dst []byte, b [16]byte) []byte {
	const digits = "0123456789abcdef"
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var text [36]byte
	at := 0
	for i, v := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = digits[v>>4], digits[v&0x0f]
		at += 2
	}
	return append(dst, text[:]...)
}

// isGUID tells whether s is a GUID in its usual form, in either case.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c < '0' || c > '9' && c < 'A' || c > 'F' && c < 'a' || c > 'f':
			return false
		}
	}
	return true
}
