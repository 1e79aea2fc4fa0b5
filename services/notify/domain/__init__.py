"""What notify knows to be true: who is told what, once; who was there to be told; when a mail is tried again."""
