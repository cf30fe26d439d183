package alert

import (
	"fmt"
	"strings"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// title is the first line of what people get: what is wrong, and where.
func title(m message) string {
	lead := "usher: "
	switch {
	case m.kind == agent.Resolve:
		lead = "usher: resolved: "
	case m.alert.Page:
		lead = "usher: urgent: "
	}
	return flows.Clean(lead + m.alert.Title)
}

// text is what people get: what and where, what was said, what to do next, and where to look.
func text(m message) string {
	a := m.alert
	lines := []string{title(m)}
	add := func(format string, s string) {
		if s = flows.Clean(s); s != "" {
			lines = append(lines, fmt.Sprintf(format, s))
		}
	}
	if m.kind == agent.Resolve {
		add("by: %s", a.By)
		return strings.Join(lines, "\n")
	}
	add("%s", a.Text)
	if a.Count > 1 {
		lines = append(lines, fmt.Sprintf("%d times since %s UTC", a.Count, a.First.UTC().Format("2006-01-02 15:04")))
	}
	add("next: %s", a.Hint)
	add("usher runs show %s", a.Run)
	return strings.Join(lines, "\n")
}

// tame takes from a text what chat programs take for markup or for a call to everybody: parts of it
// are a console's words.
func tame(s string) string { return tamer.Replace(s) }

var tamer = strings.NewReplacer(
	"<", "‹", ">", "›", "](", "] (",
	"@everyone", "@ everyone", "@here", "@ here", "@channel", "@ channel", "@all", "@ all",
)
