"""Qt parts: the document being edited, canvas, inspector, criterion editor. Uses journeys/ and Qt, never app/."""
