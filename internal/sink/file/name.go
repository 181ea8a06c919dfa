package file

import (
	"errors"
	"path/filepath"
	"strings"
	"time"
)

// parts are what stands for a part of the time in a name, as in strftime.
var parts = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15"}

// Check finds what is wrong with a path, without looking at the disk.
func Check(path string) error {
	switch last := len(path) - 1; {
	case path == "":
		return errors.New("names no file; give its path, as in file:PATH")
	case path[last] == '/' || path[last] == filepath.Separator:
		return errors.New("names a folder; give the path of a file")
	}
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		if i++; i == len(path) || path[i] != '%' && parts[path[i]] == "" {
			return errors.New("has a % that begins none of %Y, %m, %d and %H (of the time of delivery, in UTC); %% is a plain one")
		}
	}
	return nil
}

// at is the path of the file that is written to at a time.
func at(path string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c != '%':
			b.WriteByte(c)
		default:
			i++
			if layout := parts[path[i]]; layout != "" {
				b.WriteString(t.UTC().Format(layout))
			} else {
				b.WriteByte('%')
			}
		}
	}
	return b.String()
}

// dated tells whether the path of a time is not that of all times.
func dated(path string) bool { return strings.Contains(strings.ReplaceAll(path, "%%", ""), "%") }
