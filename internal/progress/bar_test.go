//go:build !windows

package progress

import (
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/internal/feed"
)

// The bar on a terminal of some columns: what it looks like, that lines stand above it, and that nothing of it stays.
func TestBar(t *testing.T) {
	for _, test := range []struct {
		columns uint16
		want    string
	}{
		{100, "1000 events  100/s [=======>------------------------] 2026-03-01 12:00Z  waiting 01:30 for the limit"},
		{40, "1000 events  waiting 01:30 for the limit"},
	} {
		c := &clock{noon}
		p := New(c.now, time.Time{})
		p.Begin(noon.Add(-96 * time.Hour))
		c.pass(10 * time.Second)
		p.Delivered(feed.Delivery{Events: 1000, Newest: noon.Add(-72 * time.Hour)})
		p.Retrying(limited(), 90*time.Second)

		sent := onTerminal(t, test.columns, func(terminal io.Writer) {
			redraw := make(chan any)
			b := NewBar(terminal, p)
			io.WriteString(b, "before\n")
			b.Show(redraw)
			redraw <- nil
			io.WriteString(b, "between\n")
			redraw <- nil
			io.WriteString(terminal, "^C") // as the terminal echoes it
			redraw <- nil
			io.WriteString(terminal, "^C")
			io.WriteString(b, "at the end\n")
			io.WriteString(terminal, "^C")
			b.Stop()
			b.Show(redraw)
			io.WriteString(b, "after\n")
		})
		if !strings.Contains(sent, test.want+"\r\n") {
			t.Errorf("%d columns: no %q in %q", test.columns, test.want, sent)
		}
		if diff := cmp.Diff("before\nbetween\nat the end\nafter\n", remains(t, sent)); diff != "" {
			t.Errorf("%d columns: what remains (-want +got):\n%s\nof %q", test.columns, diff, sent)
		}
	}
}

// A bar that was never shown leaves no trace.
func TestBarNotShown(t *testing.T) {
	sent := onTerminal(t, 80, func(terminal io.Writer) {
		b := NewBar(terminal, New((&clock{noon}).now, time.Time{}))
		io.WriteString(b, "a line\n")
		b.Stop()
	})
	if sent != "a line\r\n" {
		t.Errorf("sent %q", sent)
	}
}

// onTerminal is what a terminal is sent.
func onTerminal(t *testing.T, columns uint16, draw func(io.Writer)) string {
	t.Helper()
	screen, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(screen, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	sent := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(screen) // ends in an error, EIO, once nobody holds the terminal any more
		sent <- all
	}()
	draw(terminal)
	terminal.Close()
	all := <-sent
	screen.Close()
	return string(all)
}

var code = regexp.MustCompile(`^\x1b\[(\d*)([A-Z])`)

// remains is what stands on a terminal that was sent lines, moves up, and clears to its end.
func remains(t *testing.T, sent string) string {
	t.Helper()
	lines := [][]rune{nil}
	row, column := 0, 0
	for len(sent) > 0 {
		if m := code.FindStringSubmatch(sent); m != nil {
			switch n, _ := strconv.Atoi(m[1]); m[2] {
			case "A":
				row -= n
			case "J":
				lines = lines[:row+1]
				lines[row] = lines[row][:min(column, len(lines[row]))]
			default:
				t.Fatalf("unexpected %q", m[0])
			}
			sent = sent[len(m[0]):]
			continue
		}
		letter, size := utf8.DecodeRuneInString(sent)
		sent = sent[size:]
		switch letter {
		case '\r':
			column = 0
		case '\n':
			if row++; row == len(lines) {
				lines = append(lines, nil)
			}
		default:
			if column < len(lines[row]) {
				lines[row][column] = letter
			} else {
				lines[row] = append(lines[row], letter)
			}
			column++
		}
	}
	var text strings.Builder
	for i, line := range lines {
		if i > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(string(line))
	}
	return text.String()
}
