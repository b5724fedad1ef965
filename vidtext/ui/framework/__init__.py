"""What all tabs share: buttons, progress, results, errors, edits."""
