package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherhq/usher/flows"
)

// A grid is an answer of rows: a table for people, or CSV.
type grid struct {
	head []string
	rows [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// print writes the grid in the format asked for; JSON gets v.
func (c *cli) print(g *grid, v any) error {
	switch c.format {
	case formatJSON:
		return c.json(v)
	case formatCSV:
		return failed("write the answer", writeCSV(c.out, g))
	default:
		return failed("write the answer", writeTable(c.out, g))
	}
}

// json writes v as one line.
func (c *cli) json(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	c.told = true
	return failed("write the answer", enc.Encode(v))
}

// line writes one line of an answer for people.
func (c *cli) line(format string, args ...any) error {
	_, err := fmt.Fprintln(c.out, plain(fmt.Sprintf(format, args...)))
	return failed("write the answer", err)
}

// writeTable aligns the columns. Cells are strangers' text: each becomes one line without escapes.
func writeTable(w io.Writer, g *grid) error {
	all := make([][]string, 0, len(g.rows)+1)
	all = append(all, g.head)
	width := make([]int, len(g.head))
	for _, row := range g.rows {
		clean := make([]string, len(row))
		for i, cell := range row {
			clean[i] = flows.Clean(cell)
		}
		all = append(all, clean)
	}
	for _, row := range all {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeCSV writes the grid so that no spreadsheet takes a cell for a formula.
func writeCSV(w io.Writer, g *grid) error {
	out := csv.NewWriter(w)
	head := make([]string, len(g.head))
	for i, h := range g.head {
		head[i] = strings.ToLower(strings.ReplaceAll(h, " ", "_"))
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, row := range g.rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = safeCell(flows.Clean(cell))
		}
		if err := out.Write(safe); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// safeCell puts an apostrophe before what a spreadsheet would calculate. Spreadsheets pass over
// blanks, so they do not hide the sign.
func safeCell(s string) string {
	if s == "" {
		return s
	}
	if strings.ContainsRune("\t\r\n", rune(s[0])) {
		return "'" + s
	}
	t := strings.TrimLeft(s, " ")
	if t != "" && strings.ContainsRune("=+-@\t\r|%", rune(t[0])) {
		return "'" + s
	}
	// Full-width signs count as the plain ones in some spreadsheets.
	if r, _ := utf8.DecodeRuneInString(t); strings.ContainsRune("＝＋－＠", r) {
		return "'" + s
	}
	return s
}

// at shows a time for people, and as RFC 3339 in CSV.
func (c *cli) at(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case c.format == formatCSV:
		return t.UTC().Format(time.RFC3339)
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// list returns a slice that JSON writes as [] where there is nothing.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// count says how many there are: "1 account", "3 accounts".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// short cuts what is too long for a column.
func short(s string, most int) string {
	s = flows.Clean(s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-3]) + "..."
}
