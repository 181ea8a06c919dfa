package contract_test

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var browse = flag.String("browse", "", "open the report of this `FOLDER` in headless Chromium, and keep pictures of it there")

// browsers are the names that Chromium goes by.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// The page is opened as a reader opens it: nothing may fail or be asked for from outside, and the filters must filter.
func TestReportInBrowser(t *testing.T) {
	if *browse == "" {
		t.Skip("make report-check opens a report in Chromium")
	}
	page, err := filepath.Abs(filepath.Join(*browse, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(page); err != nil {
		t.Fatalf("there is no report to look at, so run make contract first: %v", err)
	}
	browser := slices.IndexFunc(browsers, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if browser < 0 {
		t.Fatalf("there is no Chromium here. Install it (Debian and Ubuntu: apt-get install chromium), or put one of these into the PATH: %s",
			strings.Join(browsers, " "))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browsers[browser]))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium does not start as root with its sandbox
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()

	var heard complaints
	if err := chromedp.Listen(ctx, heard.hear); err != nil {
		t.Fatal(err)
	}
	must := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	number := func(js string) int {
		t.Helper()
		n, err := chromedp.Run(ctx, chromedp.Evaluate[int](js))
		if err != nil {
			t.Fatalf("%s: %v", js, err)
		}
		return n
	}
	must(ready(network.Enable, network.EnableParams{}), ready(log.Enable, cdp.Empty{}), chromedp.EmulateViewport(1200, 900),
		chromedp.Navigate((&url.URL{Scheme: "file", Path: filepath.ToSlash(page)}).String()), chromedp.WaitVisible("#shown"))

	const shown = `document.querySelectorAll('details.clause:not([hidden])').length`
	total := number(`document.querySelectorAll('details.clause').length`)
	if got := number(shown); got != total || total < 100 {
		t.Errorf("%d of %d clauses are shown at first, want all, and 100 or more", got, total)
	}
	buttons := number(`document.querySelectorAll('button[data-by]').length`)
	for i := range buttons {
		button := fmt.Sprintf(`document.querySelectorAll('button[data-by]')[%d]`, i)
		want := number(fmt.Sprintf(`(b => document.querySelectorAll('details.clause[data-' + b.by + '="' + b.is + '"]').length)(%s.dataset)`, button))
		number(button + `.click(), 0`)
		if got := number(shown); got != want {
			t.Errorf("filter %d shows %d clauses, want %d", i, got, want)
		}
		number(button + `.click(), 0`)
	}
	must(chromedp.SendKeys("#search", "SRV-PAGE-1"))
	if got := number(shown); got == 0 || got > 12 {
		t.Errorf("a search for one id shows %d clauses", got)
	}
	must(chromedp.Click("#all"))
	if got := number(shown); got != total {
		t.Errorf("all shows %d clauses, want %d", got, total)
	}
	number(`document.getElementById('SRV-PAGE-1').open = true, 0`)
	must(chromedp.WaitReady("#SRV-PAGE-1 .exchange"))
	if number(`document.querySelectorAll('#SRV-PAGE-1 .exchange pre').length`) == 0 {
		t.Error("an unfolded clause shows no exchange")
	}
	number(`document.getElementById('SRV-PAGE-1').open = false, scrollTo(0, 0), 0`)
	pictures(ctx, t, *browse)
	if wide := number(`document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("on a phone the page is %d pixels too wide", wide)
	}
	for _, complaint := range heard.all() {
		t.Error(complaint)
	}
}

// ready is a command as a step.
func ready[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// pictures keeps how the page looks: light, dark, further down, and on a phone, which is how it is left.
func pictures(ctx context.Context, t *testing.T, folder string) {
	t.Helper()
	for _, look := range []struct {
		name, scheme  string
		width, height int64
		from          string // id of what stands at the top
	}{{"light", "light", 1200, 1400, ""}, {"dark", "dark", 1200, 1400, ""}, {"coverage", "dark", 1200, 1400, "coverage"},
		{"proof-light", "light", 1200, 1400, "proof"}, {"proof-dark", "dark", 1200, 1400, "proof"},
		{"proof-phone", "light", 390, 844, "proof"}, {"phone", "light", 390, 844, ""}} {
		scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}}
		err := chromedp.Do(ctx, chromedp.EmulateViewport(look.width, look.height), ready(emulation.SetEmulatedMedia, scheme))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[int]("(document.getElementById('"+look.from+"') ?? document.body).scrollIntoView(), 0")); err != nil {
			t.Fatal(err)
		}
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, "report-"+look.name+".png"), png, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// complaints are what a browser has against a page.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) hear(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.list = append(c.list, "a script fails: "+fmt.Sprint(e.ExceptionDetails.Text))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			c.list = append(c.list, "the console has a message of the type "+string(e.Type))
		}
	case *log.EventEntryAdded:
		c.list = append(c.list, "the browser says: "+e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if scheme, _, _ := strings.Cut(e.Request.URL, ":"); scheme != "file" && scheme != "data" {
			c.list = append(c.list, "the page asks for "+e.Request.URL)
		}
	}
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}
