package main

import (
	"os"
	"time"

	"example.com/docusign-monitor/internal/progress"
)

// show shows the progress until stop is called: by a bar on a terminal, above which everything else is told, or else by a
// line a minute in the log.
func (s *stream) show(p *progress.Progress) (stop func()) {
	s.observers = append(s.observers, p)
	if s.watched = isTerminal(s.stderr); s.watched && s.drawable() {
		bar := progress.NewBar(s.stderr, p)
		s.stderr = bar
		soon := time.AfterFunc(s.barAfter, func() { bar.Show(nil) })
		return func() {
			soon.Stop()
			bar.Stop()
		}
	}
	log, minute, done, ended := s.reports(), s.minute, make(chan struct{}), make(chan struct{})
	stopTicker := func() {}
	if minute == nil {
		ticker := time.NewTicker(time.Minute)
		minute, stopTicker = ticker.C, ticker.Stop
	}
	go func() {
		defer close(ended)
		for {
			select {
			case <-minute:
				p.Log(log)
			case <-done:
				return
			}
		}
	}()
	return func() {
		stopTicker()
		close(done)
		<-ended
	}
}

// drawable tells whether a bar disturbs nothing: whether events go elsewhere, and not through a pipe, whose other end may
// write to the same terminal.
func (s *stream) drawable() bool {
	if term, _ := s.lookup("TERM"); term == "dumb" {
		return false
	}
	if s.to != "-" {
		return true
	}
	file, ok := s.stdout.(*os.File)
	if !ok || isTerminal(file) {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0
}
