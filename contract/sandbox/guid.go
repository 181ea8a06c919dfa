package sandbox

import (
	"crypto/rand"
	"encoding/binary"
)

// newGUID is a random GUID.
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return string(appendGUID(make([]byte, 0, 36), binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])))
}

// appendGUID appends the GUID that comes next.
func (d *dice) appendGUID(dst []byte) []byte { return appendGUID(dst, d.next(), d.next()) }

// appendGUID appends a GUID of version 4 with the bits of its two halves.
func appendGUID(dst []byte, high, low uint64) []byte {
	high = high&^0xf000 | 0x4000
	low = low&^(0xc<<60) | 0x8<<60
	dst = append(dst, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"...)
	text := dst[len(dst)-36:]
	binary.BigEndian.PutUint64(text, hexDigits(high>>32))
	digits := hexDigits(high)
	binary.BigEndian.PutUint32(text[9:], uint32(digits>>32))
	binary.BigEndian.PutUint32(text[14:], uint32(digits))
	digits = hexDigits(low >> 32)
	binary.BigEndian.PutUint32(text[19:], uint32(digits>>32))
	binary.BigEndian.PutUint32(text[24:], uint32(digits))
	binary.BigEndian.PutUint64(text[28:], hexDigits(low))
	return dst
}

// hexDigits are the eight hexadecimal digits of the low half of n, in ASCII, a byte each. All are made at once, since a
// generated event has several GUIDs and little else that takes time.
func hexDigits(n uint64) uint64 {
	const each = 0x0101010101010101
	n &= 0xffffffff // spread its digits over the bytes
	n = (n | n<<16) & 0x0000ffff0000ffff
	n = (n | n<<8) & 0x00ff00ff00ff00ff
	n = (n | n<<4) & (each * 0x0f)
	letters := (n + each*6) >> 4 & each // 1 for 10 to 15
	return n + each*'0' + letters*('a'-'0'-10)
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
