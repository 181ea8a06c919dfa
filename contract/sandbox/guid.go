package sandbox

import (
	"crypto/rand"
	"encoding/hex"
)

// newGUID is a random GUID.
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return formatGUID(b)
}

// formatGUID writes b as a GUID of version 4.
func formatGUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	digits := hex.EncodeToString(b[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
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
