package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func (c *cli) updateCommand() *cobra.Command {
	var f changeFlags
	var email string
	words := map[string]*string{}
	cmd := &cobra.Command{
		Use:   "update CONNECTION EMAIL",
		Short: "Change what an account says of its owner, where the app can (via SCIM)",
		Long: "update changes the address, the name, the external id or the enterprise attributes of an account, and\n" +
			"looks again. What is not given stays as it is, also what usher knows nothing of; nothing is ever cleared.\n" +
			"An address that another account has is refused.",
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, a []string) error {
			address, err := flows.Address(a[1])
			if err != nil {
				return err
			}
			change := flows.Change{Words: map[string]string{}}
			if cmd.Flags().Changed("email") {
				if change.Email, err = flows.Address(email); err != nil {
					return err
				}
			}
			for word, value := range words {
				if cmd.Flags().Changed(flagOf(word)) {
					change.Words[word] = *value
				}
			}
			if err := change.Valid(); err != nil {
				return err
			}
			o := agent.Order{Verb: agent.Update, Subject: address, Change: &change}
			return c.change(cmd.Context(), a[0], o, f, "Change the account of "+address+" on "+a[0]+" as planned above?")
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "the new address")
	for _, word := range flows.ChangeWords() {
		words[word] = cmd.Flags().String(flagOf(word), "", "the new "+strings.ReplaceAll(word, "_", " "))
	}
	f.add(cmd)
	return cmd
}

// flagOf is the flag of a word of an account.
func flagOf(word string) string { return strings.ReplaceAll(word, "_", "-") }
