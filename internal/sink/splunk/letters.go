// The dead-letter file: events that are refused for good, one JSON object a line.

package splunk

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/disk"
	"example.com/docusign-monitor/internal/feed"
)

type letters struct{ file *os.File }

// openLetters opens the file to append to it. A line that a crash cut short is ended, so that it spoils no other.
func openLetters(path string) (*letters, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("dead-letter file %s is not a plain file; give the path of one", path)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("dead-letter file: %w", err)
	}
	info, err := file.Stat()
	if size := int64(0); err == nil {
		if size = info.Size(); size > 0 {
			var last [1]byte
			if _, err = file.ReadAt(last[:], size-1); err == nil && last[0] != '\n' {
				_, err = file.Write([]byte("\n"))
			}
		}
	}
	if err == nil {
		err = disk.SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("dead-letter file: %w", err)
	}
	return &letters{file}, nil
}

// write returns when the event is on the disk, with the reason beside it.
func (l *letters) write(at time.Time, event api.Event, why *refusal, text string) error {
	head, err := json.Marshal(struct {
		Time   string `json:"setAside"`
		Status int    `json:"status"`
		Code   *int   `json:"code,omitempty"`
		Reason string `json:"reason"`
	}{at.UTC().Format(time.RFC3339Nano), why.status, why.code, text})
	if err != nil {
		return err
	}
	line := append(head[:len(head)-1], `,"event":`...)
	line = feed.AppendLine(line, event)
	line = append(line[:len(line)-1], "}\n"...)
	if _, err := l.file.Write(line); err != nil {
		return err
	}
	return l.file.Sync()
}
