// Package document takes in OpenAPI documents that nobody has vouched for: it reads them within bounds, follows none of
// their references to elsewhere, converts Swagger 2.0, tells which stream they describe, and applies overlays to them.
// The programs under spec share it.
package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// MaxSize is the size in bytes up to which a document is taken, whatever its form. The published one has 5 KB.
const MaxSize = 2 << 20

// fetchTime is how long a document may take to arrive.
const fetchTime = 30 * time.Second

// Read returns the text at a path or at an http or https URL. It is the only place where the programs under spec go to
// the network.
func Read(ctx context.Context, source string) ([]byte, error) {
	if strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") {
		return fetch(ctx, source)
	}
	file, err := os.Open(source)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; give the document in it", source)
	}
	return readAll(file, source)
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err // it names method and URL
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; give the address of the document itself", url, response.Status)
	}
	return readAll(response.Body, url)
}

func readAll(r io.Reader, source string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s did not arrive within %v", source, fetchTime)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", source, err)
	case len(text) > MaxSize:
		return nil, fmt.Errorf("%s is larger than %d bytes, the most that is taken", source, MaxSize)
	}
	return text, nil
}
