package sandbox

// pageDefects are wrong walks: events lost, repeated or moved, and cursors that lead astray.
var pageDefects = []Defect{
	{
		name: "skipped-event", sentence: "leaves out the last event of a page and goes on behind it",
		clause: "SRV-PAGE-2", also: []string{"SRV-PAGE-*", "SRV-CURSOR-*", "SRV-EVENT-1"},
		page: func(_ asking, p *page) {
			if n := p.to - p.from; n > 1 {
				p.pick = p.indexes()[:n-1]
			}
		},
	},
	{
		name: "repeated-event", sentence: "begins each page but the first with the event before it",
		clause: "SRV-PAGE-6", also: []string{"SRV-PAGE-*", "SRV-CURSOR-*"},
		page: func(a asking, p *page) {
			if a.cursor != "" && p.from > 0 && p.to > p.from {
				p.pick = append([]int{p.from - 1}, p.indexes()...)
			}
		},
	},
	{
		name: "stuck-cursor", sentence: "gives back the cursor that it was sent, though more events follow",
		clause: "SRV-CURSOR-1", also: []string{"SRV-*"},
		page: func(a asking, p *page) {
			if a.cursor != "" && p.to < p.len() {
				p.end = quoted(a.cursor)
			}
		},
	},
	{
		name: "limit-ignored", sentence: "gives pages of up to 2000 events whatever the limit",
		clause: "SRV-PAGE-1", also: []string{"SRV-PAGE-*", "SRV-CURSOR-*", "SRV-EVENT-*"},
		page: func(_ asking, p *page) { p.to = min(p.from+maxLimit, p.len()) },
	},
}
