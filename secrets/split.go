package secrets

import (
	"errors"
	"fmt"
	"strings"
)

// Split cuts a command line into its words, as a shell would cut a line without any of a shell's powers.
//
//   - Blanks and tabs divide words.
//   - Between single quotes everything is itself.
//   - Between double quotes, \" is a quote and \\ a backslash; any other backslash is itself.
//   - Elsewhere a backslash makes the next character itself.
//   - What a shell would act upon ($ and ` outside single quotes; | & ; < > ( ) outside any) is refused
//     rather than passed on, so that a line does here what it says, or says that it does not.
//   - * ? ~ # and braces are themselves: there are no patterns, no home folders and no comments.
//
// Line ends and NUL are refused. Errors give the place in the line, not its words.
func Split(line string) ([]string, error) {
	var (
		words  []string
		word   strings.Builder
		inWord bool
	)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\n' || c == '\r' || c == 0:
			return nil, fmt.Errorf("a line end or NUL at byte %d: a command is one line", i)
		case c == ' ' || c == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case c == '\'' || c == '"':
			text, n, err := quoted(line[i:], i)
			if err != nil {
				return nil, err
			}
			word.WriteString(text)
			inWord = true
			i += n - 1
		case c == '\\':
			i++
			if i == len(line) {
				return nil, errors.New("a backslash at the end of the command")
			}
			if line[i] == '\n' || line[i] == '\r' || line[i] == 0 {
				return nil, fmt.Errorf("a line end or NUL at byte %d: a command is one line", i)
			}
			word.WriteByte(line[i])
			inWord = true
		case strings.IndexByte("$`|&;<>()", c) >= 0:
			return nil, fmt.Errorf("no shell reads this command, and %q at byte %d would ask for one: "+
				"put it in single quotes if it is meant literally, or the command into a script", c, i)
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, errors.New("no command is named")
	}
	return words, nil
}

// quoted reads the quoted text that s starts with, at byte at of the line, and says how long it was with
// its quotes.
func quoted(s string, at int) (text string, n int, err error) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == quote:
			return b.String(), i + 1, nil
		case c == '\n' || c == '\r' || c == 0:
			return "", 0, fmt.Errorf("a line end or NUL at byte %d: a command is one line", at+i)
		case quote == '"' && (c == '$' || c == '`'):
			return "", 0, fmt.Errorf("no shell reads this command, and %q at byte %d would ask for one: "+
				"put it in single quotes if it is meant literally", c, at+i)
		case quote == '"' && c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, fmt.Errorf("the quote at byte %d is not closed", at)
}
