package progress

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Bar draws a progress on the last line of a terminal. What is written to it appears above, whether it is shown or not.
type Bar struct {
	terminal io.Writer
	progress *Progress

	mu     sync.Mutex
	screen *mpb.Progress // nil while nothing is drawn
	bar    *mpb.Bar
	done   bool
}

// NewBar returns a bar that is not shown yet.
func NewBar(terminal io.Writer, p *Progress) *Bar { return &Bar{terminal: terminal, progress: p} }

// wide is how many columns have room for everything that is said on one side of the bar.
const wide = 46

// Show draws the bar, unless it has been stopped. If redraw is not nil, it is drawn anew at each value received, else some
// times a second.
func (b *Bar) Show(redraw <-chan any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done || b.screen != nil {
		return
	}
	console := cupwriter.New(fromMargin{b.terminal}, false)
	if file, ok := b.terminal.(*os.File); ok {
		console.SetTermFd(int(file.Fd()))
	}
	options := []mpb.ContainerOption{mpb.WithConsoleWriter(console)}
	if redraw != nil {
		options = append(options, mpb.WithManualRefresh(redraw))
	}
	b.screen = mpb.New(options...)
	said := func(full, short func(state) string) decor.Decorator {
		return decor.Any(func(room decor.Statistics) string {
			if room.AvailableWidth < wide {
				return short(b.progress.state())
			}
			return full(b.progress.state())
		})
	}
	// The library is told how far the run is when it draws, and not at each page.
	const scale = 1000
	filler := mpb.BarStyle().Build()
	fill := mpb.BarFillerFunc(func(w io.Writer, room decor.Statistics) error {
		room.Total, room.Current = scale, int64(b.progress.state().part*scale)
		return filler.Fill(w, room)
	})
	b.bar, _ = b.screen.Add(scale, fill, // it fails for a screen that has been taken away
		mpb.PrependDecorators(said(state.soFar, state.few)), mpb.AppendDecorators(said(state.whereabouts, state.ahead)))
}

// Write writes lines, each of them whole.
func (b *Bar) Write(lines []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.screen != nil {
		if n, err := b.screen.Write(lines); err == nil {
			return n, nil
		}
		// A terminal that cannot be drawn on any more may still take lines.
	}
	return b.terminal.Write(lines)
}

// Stop takes the bar away for good.
func (b *Bar) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = true
	if b.screen != nil {
		b.bar.Abort(true)
		b.screen.Wait()
		b.screen = nil
	}
}

// fromMargin begins each frame in the first column. A terminal echoes what is typed, such as ^C, and so moves the cursor
// between two frames; as much would be left of the bar.
type fromMargin struct{ io.Writer }

func (m fromMargin) Write(frame []byte) (int, error) {
	if _, err := io.WriteString(m.Writer, "\r"); err != nil {
		return 0, err
	}
	return m.Writer.Write(frame)
}

func (s state) few() string { return fmt.Sprintf("%d events", s.events) }

func (s state) soFar() string { return fmt.Sprintf("%d events  %.0f/s", s.events, s.rate) }

func (s state) whereabouts() string {
	if s.newest.IsZero() {
		return s.ahead()
	}
	return s.newest.UTC().Format("2006-01-02 15:04Z") + "  " + s.ahead()
}
