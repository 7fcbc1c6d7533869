"""File to file: tables read as people have them, results written as people and programs want them."""
