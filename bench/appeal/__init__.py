"""An appeal to a crowd: is everybody told once, at the allowed rate, while others are answered; and what does it cost?"""
